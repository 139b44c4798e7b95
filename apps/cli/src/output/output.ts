import { once } from 'node:events';
import type { Failure } from '../failure.ts';
import { document, snakeCase } from '@agent-orchestrator/runtime/wire-json';
import { printable } from './printable.ts';
import { outputEnded } from './readers.ts';
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
  /** Lines for people; all values in them must be printable. */
  readonly text: (paint: Paint) => readonly string[];
  /** For `--quiet`. */
  readonly ids: readonly string[];
  /** Remarks for people: the next command, how to see more. */
  readonly chatter?: readonly string[];
  /** 1 if the answer is negative, such as a check with findings. */
  readonly exit?: 0 | 1;
  /** Called after the whole answer was written to the reader; not if the reader is gone. */
  readonly shown?: () => Promise<void>;
}

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
        this.line(
          document(answer.kind, {
            data: answer.data,
            meta: { ...(answer.asOf !== undefined && { as_of: answer.asOf }), ...answer.meta },
          }),
        );
        break;
      case 'quiet':
        for (const id of answer.ids) this.line(id);
        break;
      case 'text':
        for (const line of answer.text(this.paint)) this.line(line);
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
    const { promise, resolve } = Promise.withResolvers<boolean>();
    process.stdout.write('', (error) => resolve(!error && !outputEnded.aborted));
    return promise;
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
      this.line(document('error', { error: { code, exit, message, retryable, ...optional } }));
      return;
    }
    const paint = paintFor(process.stderr);
    this.chatter(`${paint('red', 'error')}: ${printable(message)}${code === 'USAGE' ? '' : ` [${code}]`}`);
    if (hint) this.chatter(printable(hint));
  }

  line(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  chatter(text: string): void {
    process.stderr.write(`orchestrator: ${text}\n`);
  }
}
