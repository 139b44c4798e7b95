import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { basename, delimiter, dirname } from 'node:path';
import { startProgram } from '@agent-orchestrator/runtime';
import { printable } from '@agent-orchestrator/runtime/printable';
import type { Paint } from './paint.ts';

export interface TerminalOptions {
  /** Path of the command line's program. */
  readonly program: string;
  readonly print: (line: string) => void;
  readonly paint: Paint;
  /** Where the commands run. */
  readonly folder: string;
  /** Further variables of the commands. */
  readonly env: Readonly<Record<string, string>>;
}

/** Runs commands of this program as if they were typed, and shows their output. */
export class Terminal {
  readonly #options: TerminalOptions;
  readonly #running = new Set<TypedCommand>();

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  /** Starts a command without waiting for its end. */
  start(words: readonly string[], onLine: (line: string) => void = () => {}): TypedCommand {
    const { print, paint } = this.#options;
    print('');
    print(paint('bold', `$ orchestrator ${words.map(asTyped).join(' ')}`));
    const command = new TypedCommand(words, this.#options, (line) => {
      print(`  ${printable(line)}`);
      onLine(line);
    });
    this.#running.add(command);
    return command;
  }

  /** @throws if it does not exit with 0, or with `exit` */
  async type(words: readonly string[], exit = 0): Promise<void> {
    const command = this.start(words);
    const code = await command.ended;
    if (code !== exit)
      throw new Error(`\`orchestrator ${words.map(asTyped).join(' ')}\` ended with exit code ${code}.`);
  }

  /** Ends the commands that still run, and waits until they are gone. */
  async close(): Promise<void> {
    for (const command of this.#running) command.kill();
    await Promise.allSettled([...this.#running].map(({ ended }) => ended));
  }
}

/** A command as a process of its own. */
export class TypedCommand {
  readonly pid: number;
  /** Resolves with its exit code once its output has ended; null: it was killed. */
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(
    words: readonly string[],
    { program, folder, env }: Pick<TerminalOptions, 'program' | 'folder' | 'env'>,
    onLine: (line: string) => void,
  ) {
    const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);
    this.#child = startProgram(process.execPath, [program, ...words], {
      cwd: folder,
      env: { ...process.env, ...env, ORCHESTRATOR_PROGRAM: program, PATH: path, NO_COLOR: '1', FORCE_COLOR: undefined },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.pid = this.#child.pid ?? 0;
    for (const stream of [this.#child.stdout, this.#child.stderr])
      if (stream !== null) createInterface({ input: stream }).on('line', onLine);
    this.ended = once(this.#child, 'exit').then(([code]: (number | null)[]) => code ?? null);
  }

  /** SIGKILL for this process only: processes that it started stay alive. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

function asTyped(word: string): string {
  if (word === process.execPath) return basename(word);
  return /^[\w./:=-]+$/.test(word) ? word : `"${word}"`;
}
