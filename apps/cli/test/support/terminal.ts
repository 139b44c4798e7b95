import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import type { Cli } from './cli.ts';
import { until } from './running.ts';

export const CTRL_C = '\x03';
export const CTRL_BACKSLASH = '\x1c';
export const CTRL_Z = '\x1a';

/** Whether there is a program that gives a test a terminal. */
export const hasTerminal = commandExists('script');

/** A line of shell on a terminal of its own. */
export class Terminal implements Disposable {
  readonly #script: ChildProcessWithoutNullStreams;
  readonly closed: Promise<unknown>;
  said = '';

  constructor(cli: Cli, line: string) {
    const env = { PATH: process.env['PATH'] ?? '', HOME: cli.folder, ORCHESTRATOR_STORE: cli.store };
    this.#script = spawn('script', ['-qec', line, '/dev/null'], { cwd: cli.folder, env });
    this.#script.stdout.on('data', (chunk) => (this.said += String(chunk)));
    this.closed = once(this.#script, 'close');
  }

  type(text: string): void {
    this.#script.stdin.write(text);
  }

  async says(text: string): Promise<void> {
    await until(() => this.said.includes(text));
  }

  [Symbol.dispose](): void {
    this.#script.kill('SIGHUP');
  }
}

export function commandExists(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
