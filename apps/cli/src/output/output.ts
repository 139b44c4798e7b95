import type { Failure } from '../failure.ts';
import { document, snakeCase } from '@agent-orchestrator/runtime/wire-json';
import { printable } from './printable.ts';
import { outputEnded } from './readers.ts';
import { paintFor, type Paint } from './style.ts';

/** `json`: one document · `jsonl`: one per line, as they come · `quiet`: ids only. */
export type Format = 'text' | 'json' | 'jsonl' | 'quiet';

/** What a command answers, before anybody decided how it is shown. */
export interface Answer {
  /** What `data` is: `task`, `tasks`, `claim` … */
  readonly kind: string;
  /** One thing is an object, many are an array. */
  readonly data: unknown;
  /** Every event up to this id is in the answer. */
  readonly asOf?: number | null | undefined;
  readonly meta?: object;
  /** For people: lines, the values in them printable. */
  readonly text: (paint: Paint) => readonly string[];
  /** For `--quiet`. */
  readonly ids: readonly string[];
  /** Remarks for people: the next command, what was left out. */
  readonly chatter?: readonly string[];
  /** 1 if the condition that was asked for is false. */
  readonly exit?: 0 | 1;
  /** Called once all of it was handed over to whoever reads; not if nobody does. */
  readonly shown?: () => Promise<void>;
}

/** Where answers go: they alone to stdout, everything else to stderr. */
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

  /** @returns whether all that was written so far was taken */
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
