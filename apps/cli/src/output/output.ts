import { once } from 'node:events';
import type { Failure } from '../failure.ts';
import { document, snakeCase } from '@agent-orchestrator/runtime/wire-json';
import { outputEnded, writtenSoFar } from './readers.ts';
import { idInOneLine, inOneLine, onScreen } from './screen.ts';
import { paintFor, type Paint } from './style.ts';

/** `json`: one document · `jsonl`: one per line, as they come · `quiet`: ids only. */
export type Format = 'text' | 'json' | 'jsonl' | 'quiet';

/** The answer of a command, independent of the format. */
export interface Answer {
  /** The kind of `data`: `task`, `tasks`, `claim` … */
  readonly kind: string;
  /** An object for one thing, an array for many. */
  readonly data: unknown;
  /** Every event up to this id is in the answer. */
  readonly asOf?: number | null | undefined;
  readonly meta?: object;
  /** Lines for people. What cannot be shown in them is escaped when they are written. */
  readonly text: (paint: Paint) => readonly string[];
  /** Instead of them: lines for a program, such as a shell, which are written as they are. */
  readonly script?: readonly string[];
  /** For `--quiet`, each on its line. */
  readonly ids: readonly string[];
  /** They are paths, addresses or settings: in them, a person may have put characters that no id has. */
  readonly idsArePlaces?: true;
  /** Remarks for people: the next command, how to see more. */
  readonly chatter?: readonly string[];
  /** Those of the remarks that change what the caller has to do next: `--quiet` does not silence them. */
  readonly needed?: readonly string[];
  /** 1 if the answer is negative, such as a check with findings; 69 if the store cannot be used. */
  readonly exit?: 0 | 1 | 69;
  /** Called after the whole answer was written to the reader; not if the reader is gone. */
  readonly shown?: () => Promise<void>;
}

const CLEAR_SCREEN = '\u001b[H\u001b[2J';

/** Writes answers to stdout, and everything else to stderr. */
export class Output {
  readonly format: Format;
  readonly paint: Paint = paintFor(process.stdout);

  constructor(format: Format) {
    this.format = format;
  }

  answer(answer: Answer): void {
    switch (this.format) {
      case 'json':
      case 'jsonl':
        this.raw(
          document(answer.kind, {
            data: answer.data,
            meta: { ...(answer.asOf !== undefined && { as_of: answer.asOf }), ...answer.meta },
          }),
        );
        break;
      case 'quiet':
        for (const id of answer.ids) this.raw(answer.idsArePlaces ? inOneLine(id) : idInOneLine(id));
        for (const remark of answer.needed ?? []) this.chatter(remark);
        break;
      case 'text':
        if (answer.script === undefined) for (const line of answer.text(this.paint)) this.line(line);
        else for (const line of answer.script) this.raw(line);
        for (const remark of answer.chatter ?? []) this.chatter(remark);
    }
  }

  /**
   * Waits while the reader has not taken most of what was written, so that a slow reader does not fill the memory. A
   * stream calls it after each line.
   *
   * @param ended ends the wait, too
   */
  async room(ended: AbortSignal): Promise<void> {
    if (!process.stdout.writableNeedDrain || ended.aborted) return;
    // A write error ends the output; `outliveReaders` handles it.
    await once(process.stdout, 'drain', { signal: AbortSignal.any([ended, outputEnded]) }).catch(() => {});
  }

  /** @returns whether the reader has taken everything that was written so far */
  async taken(): Promise<boolean> {
    return (await writtenSoFar()) && !outputEnded.aborted;
  }

  failure(failure: Failure): void {
    const { code, exit, message, retryable, retryAfterMs, hint, field, details } = failure;
    if (this.format === 'json' || this.format === 'jsonl') {
      const optional = {
        ...(retryAfterMs !== undefined && { retryAfterMs }),
        ...(hint && { hint }),
        ...(field && { field: snakeCase(field) }),
        ...(details && { details }),
      };
      this.raw(document('error', { error: { code, exit, message, retryable, ...optional } }));
      return;
    }
    const paint = paintFor(process.stderr);
    this.chatter(`${paint('red', 'error')}: ${message}${code === 'USAGE' ? '' : ` [${code}]`}`);
    if (hint) this.chatter(hint);
  }

  /** A line for people. */
  line(text: string): void {
    this.raw(onScreen(text));
  }

  /** A line for a program: JSON, an id, a command of a shell. */
  raw(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** A line for people beside the answer. */
  chatter(text: string): void {
    process.stderr.write(`orchestrator: ${onScreen(text)}\n`);
  }

  /** Whether there is a person to ask: a terminal at both ends, and an answer in text. */
  get canAsk(): boolean {
    return this.format === 'text' && process.stdin.isTTY && process.stderr.isTTY;
  }

  /** Asks the person on the terminal. @returns the line; null if the input ended instead */
  async ask(question: string): Promise<string | null> {
    const { createInterface } = await import('node:readline');
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await new Promise((resolve) => {
        terminal.once('close', () => resolve(null));
        terminal.question(`orchestrator: ${onScreen(question)} `, resolve);
      });
    } finally {
      terminal.close();
    }
  }

  clearScreen(): void {
    process.stdout.write(CLEAR_SCREEN);
  }
}
