/* One run of a host, as a process that can be killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { below } from './process-tree.ts';

export interface StartedHost {
  readonly program: string;
  readonly words: readonly string[];
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly input?: 'ignore' | 'pipe';
}

export class HostRun {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #output = '';
  #heard = 0;

  constructor({ program, words, folder, env, input = 'ignore' }: StartedHost) {
    this.#process = spawn(program, words, { cwd: folder, env, stdio: [input, 'pipe', 'pipe'], detached: true });
    this.#ended = once(this.#process, 'exit');
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.on('data', (chunk) => (this.#output += String(chunk)));
  }

  /** What it wrote, for a test that fails. */
  get output(): string {
    return this.#output;
  }

  write(text: string): void {
    this.#process.stdin?.write(text);
  }

  /** Resolves when it writes a text, after what it was heard to write before. */
  async says(text: string, withinMs = 60_000): Promise<void> {
    for (const end = Date.now() + withinMs; Date.now() < end; await pause(50)) {
      const at = this.#output.indexOf(text, this.#heard);
      if (at === -1) continue;
      this.#heard = at + text.length;
      return;
    }
    this.killAll();
    throw new Error(`the host did not say ${text}:\n${this.#output}`);
  }

  /** @throws if it has not ended in time, with what it wrote */
  async end(withinMs = 120_000): Promise<void> {
    const late = AbortSignal.timeout(withinMs);
    const timeUp = once(late, 'abort').then(() => 'late' as const);
    if ((await Promise.race([this.#ended, timeUp])) !== 'late') return;
    this.killAll();
    throw new Error(`the host did not end:\n${this.#output}`);
  }

  /**
   * Kills the process in which the agent lives, which is not always the one that was started: some hosts begin with a
   * launcher.
   */
  async kill(): Promise<void> {
    const pid = this.#process.pid ?? 0;
    const server = below(pid).find(({ command }) => / mcp serve\b/u.test(command));
    process.kill(server === undefined ? innermost(pid) : server.parent, 'SIGKILL');
    await this.#ended;
  }

  killAll(): void {
    for (const { pid } of below(this.#process.pid ?? 0))
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
  }
}

/** A host whose tools are in its own process. */
function innermost(root: number): number {
  return below(root)
    .filter(({ command }) => command.includes('openclaw'))
    .reduce((last, { pid, parent }) => (parent === last ? pid : last), root);
}
