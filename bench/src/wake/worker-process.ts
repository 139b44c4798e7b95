import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What an idle worker is asked: what it spends while it waits for so long. */
export interface ToWorker {
  readonly idleMs: number;
}

export type FromWorker =
  | { readonly is: 'ready' }
  /** How long after it was sent a task's handler began. */
  | { readonly is: 'began'; readonly afterMs: number }
  /** Processor time of the whole process. */
  | { readonly is: 'idled'; readonly cpuMs: number };

/** A worker that waits for tasks in a store. */
export class WorkerProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(url: string): Promise<WorkerProcess> {
    const started = new WorkerProcess(fork(fileURLToPath(new URL('./program.ts', import.meta.url)), [url]));
    await started.next('ready');
    return started;
  }

  /** The next thing it says, which has to be this. */
  async next<Is extends FromWorker['is']>(is: Is): Promise<Extract<FromWorker, { is: Is }>> {
    const heard = new AbortController();
    const [message] = (await Promise.race([
      once(this.#child, 'message', heard),
      once(this.#child, 'exit', heard).then(() => Promise.reject(new Error('the worker ended'))),
    ])) as [FromWorker];
    heard.abort();
    if (message.is !== is) throw new Error(`the worker said ${message.is}, not ${is}`);
    return message as Extract<FromWorker, { is: Is }>;
  }

  ask(message: ToWorker): void {
    this.#child.send(message);
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }
}
