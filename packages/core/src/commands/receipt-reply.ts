/**
 * Stores replies in receipts and restores them. A receipt stores no bodies (payloads, contexts): it names the rows, and
 * stores the changing columns of a task as they were when the command answered.
 */
import { internalError } from '../model/errors.ts';
import { fromJsonText, type Json, type JsonText } from '../model/json.ts';
import type { Receipt } from '../model/receipt.ts';
import { MOVING_TASK_FIELDS, type Task } from '../model/task.ts';
import type { Loaded } from '../storage/loaded.ts';

/** A reply that is not a refusal: only those are stored. */
export type Accepted<Reply> = Exclude<Reply, { readonly ok: false }>;

/** Stores the reply of a command as JSON, and restores it. */
export interface ReceiptCodec<Input, Reply> {
  /** The part of the reply that is stored, and the rows that are needed to restore it. */
  store(reply: Accepted<Reply>): ReceiptReply;
  /** Restores the reply. `input` is the request of the retry: it is the same as the first one. */
  restore(stored: Json, rows: ReceiptRows, input: Input): Reply;
}

/** The part of a reply that a receipt stores. */
export interface ReceiptReply {
  readonly reply: Json;
  readonly sessions?: readonly string[];
  readonly tasks?: readonly string[];
}

/** A task without its body, as it was when the command answered: its id, and the changing columns that are not null. */
export interface ReceiptTask {
  readonly [column: string]: string | number | null;
  readonly id: string;
}

/** The rows that a receipt named. */
export class ReceiptRows {
  readonly #loaded: Loaded;

  constructor(loaded: Loaded) {
    this.#loaded = loaded;
  }

  /** The task as it was when the command answered. */
  task(stored: ReceiptTask): Task {
    const row = this.#loaded.tasks.find(({ id }) => id === stored.id);
    if (row === undefined) throw internalError(`The task ${stored.id} of a receipt was not loaded.`);
    return { ...row, ...NO_MOVING_FIELDS, ...stored };
  }

  /** The present context of the session: a holder needs the context that is saved now. */
  context(sessionId: string): JsonText | null {
    return this.#loaded.sessions.find(({ session }) => session.id === sessionId)?.session.context ?? null;
  }
}

const NO_MOVING_FIELDS = Object.fromEntries(MOVING_TASK_FIELDS.map((field) => [field, null]));

/** The part of a task that a receipt stores. */
export function receiptTask(task: Task): ReceiptTask {
  const stored: Record<string, string | number | null> = { id: task.id };
  for (const field of MOVING_TASK_FIELDS) if (task[field] !== null) stored[field] = task[field];
  return stored as ReceiptTask;
}

/** For replies that are plain JSON: they are stored unchanged. */
export function plainReply<Reply>(): ReceiptCodec<unknown, Reply> {
  return {
    store: (reply) => ({ reply: reply as Json }),
    restore: (stored) => stored as Reply,
  };
}

/** The text of a receipt. */
export function receiptText({ reply, sessions = [], tasks = [] }: ReceiptReply): JsonText {
  return JSON.stringify({ sessions, tasks, reply });
}

/** The stored reply of a receipt. */
export function storedReplyOf(receipt: Receipt): Json {
  return (fromJsonText(receipt.reply) as unknown as { reply: Json }).reply;
}
