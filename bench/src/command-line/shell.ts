import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { now } from '../now.ts';

const MEMORY = fileURLToPath(new URL('./memory.cjs', import.meta.url));
const CPU = fileURLToPath(new URL('./cpu.cjs', import.meta.url));

export interface Ended {
  /** From the start of the process to its end. */
  readonly elapsedMs: number;
  readonly output: string;
}

export interface EndedWithCpu extends Ended {
  /** What the process spent of the processors, with the start of Node in it. */
  readonly cpuMs: number;
}

/** Runs Node as an agent's shell would, in a home folder that has no settings of the person who measures. */
export class Shell {
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
  }

  /** @throws if the exit code is not 0 */
  async run(args: readonly string[]): Promise<Ended> {
    const start = now();
    const { output, exited } = this.#spawn(args);
    await exited;
    const elapsedMs = now() - start;
    return { elapsedMs, output: await output };
  }

  /** The most memory that the process ever had, in megabytes. */
  async memoryMb(args: readonly string[]): Promise<number> {
    const { answer, exited } = this.#spawn(['--require', MEMORY, ...args]);
    await exited;
    return Number(await answer);
  }

  /** @throws if the exit code is not 0 */
  async withCpu(args: readonly string[], input: string, variables: Readonly<Record<string, string>>) {
    const start = now();
    const { output, answer, exited } = this.#spawn(['--require', CPU, ...args], input, variables);
    await exited;
    const ended: EndedWithCpu = { elapsedMs: now() - start, output: await output, cpuMs: Number(await answer) };
    return ended;
  }

  #spawn(args: readonly string[], input = '', variables: Readonly<Record<string, string>> = {}) {
    const env = { PATH: process.env['PATH'], HOME: this.#home, ...variables };
    const child = spawn(process.execPath, args, { env, cwd: this.#home, stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
    // A program that reads nothing may end before it is written.
    child.stdin?.on('error', () => {}).end(input);
    const output = text(child.stdout);
    return {
      output,
      answer: text(child.stdio[3] as Readable),
      exited: exitOf(child, `node ${args.join(' ')}`, output),
    };
  }
}

/** @throws with all that the process wrote, if its exit code is not 0: with --json an error is in its output */
async function exitOf(child: ChildProcess, command: string, output: Promise<string>): Promise<void> {
  const errors = text(child.stderr as Readable);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${command} ended with ${String(code)}: ${await errors}${await output}`);
}
