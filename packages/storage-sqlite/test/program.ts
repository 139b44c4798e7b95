import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { join } from 'node:path';

/** What a program of `programs/` says to the test that started it. */
export interface Message {
  readonly is: string;
  readonly [field: string]: unknown;
}

/** From source, the workspace's packages are found by the condition that names it. */
const EXEC_ARGV = ['--conditions=@agent-orchestrator/source'];

/** A program in a process of its own. */
export class Program {
  readonly #child: ChildProcess;
  readonly #messages: Message[] = [];
  readonly #exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  #heard: () => void = () => {};

  /**
   * @param program a name in `programs/`, or the file itself
   * @param folder where its error output is kept
   * @param settings what it finds, as JSON, in its argument
   */
  constructor(program: string | URL, folder: string, settings: object) {
    const log = openSync(join(folder, 'programs.log'), 'a');
    this.#child = fork(typeof program === 'string' ? programFile(program) : program, [JSON.stringify(settings)], {
      execArgv: EXEC_ARGV,
      stdio: ['ignore', log, log, 'ipc'],
    });
    this.#child.on('message', (message: Message) => {
      this.#messages.push(message);
      this.#heard();
    });
    // A message to a process that is gone: its exit is what counts.
    this.#child.on('error', () => {});
    this.#exited = once(this.#child, 'exit').then(([code, signal]: (number | string | null)[]) => {
      this.#heard();
      return { code: code as number | null, signal: signal as string | null };
    });
  }

  /** Waits until the program says so. */
  async said(what: string): Promise<Message> {
    for (;;) {
      const at = this.#messages.findIndex(({ is }) => is === what);
      if (at >= 0) return this.#messages.splice(at, 1)[0] as Message;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(`the program ended without saying ${what}`);
      await new Promise<void>((resolve) => (this.#heard = resolve));
    }
  }

  tell(what: string): void {
    if (this.#child.connected) this.#child.send({ is: what });
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    this.#child.kill(signal);
  }

  async exited(): Promise<{ readonly code: number | null; readonly signal: string | null }> {
    return this.#exited;
  }
}

/**
 * Whether tests that need `strace` are left out, which is said then. In CI on Linux they fail instead: it is installed
 * there.
 *
 * @param what is not tested without it
 */
export function isWithoutStrace(what: string): boolean {
  if (spawnSync('strace', ['-V']).status === 0) return false;
  if (process.platform === 'linux' && process.env['CI'] === 'true') return false;
  console.warn(`NOT TESTED: without strace ${what}.`);
  return true;
}

/**
 * Runs a program to its end under `strace`, which makes a system call of it fail or kill it. Without `--seccomp-bpf`,
 * which would be faster: together with it, strace 6.1 injects errors, but no signals.
 */
export async function runUnderStrace(
  inject: string,
  name: string,
  folder: string,
  settings: object,
): Promise<{ readonly code: number | null; readonly signal: string | null }> {
  const log = openSync(join(folder, 'programs.log'), 'a');
  const syscall = inject.slice(0, inject.indexOf(':'));
  const strace = ['-f', '-qq', '-o', join(folder, 'strace.log'), '-e', `trace=${syscall}`, '-e', `inject=${inject}`];
  const child = spawn(
    'strace',
    [...strace, process.execPath, ...EXEC_ARGV, programFile(name), JSON.stringify(settings)],
    { stdio: ['ignore', log, log] },
  );
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return { code, signal };
}

function programFile(name: string): string {
  return new URL(`programs/${name}.ts`, import.meta.url).pathname;
}
