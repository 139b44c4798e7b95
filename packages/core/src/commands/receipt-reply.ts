/**
 * Stores replies in receipts and restores them. A receipt stores no bodies (payloads, contexts): it names the rows, and
 * stores the changing columns of a task as they were when the command answered. It stores nothing that the request of
 * the retry says: every command leaves a receipt, so receipts are small.
 */
import { internalError } from '../model/errors.ts';
import { fromJsonText, type Json, type JsonText } from '../model/json.ts';
import { namedByReceipt, type Named, type Receipt } from '../model/receipt.ts';
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

/** A named task as it was when the command answered: `MOVING_TASK_FIELDS` in their order, without the last nulls. */
export type ReceiptTask = readonly (string | number | null)[];

/** The rows that a receipt named. */
export class ReceiptRows {
  readonly #loaded: Loaded;
  readonly #tasks: readonly string[];

  constructor(loaded: Loaded, receipt: Receipt) {
    this.#loaded = loaded;
    this.#tasks = namedByReceipt(receipt).tasks;
  }

  /**
   * The task as it was when the command answered.
   *
   * @param at which of the tasks that the receipt names
   */
  task(at: number, stored: ReceiptTask): Task {
    const named = this.#tasks[at];
    const row = this.#loaded.tasks.find(({ id }) => id === named);
    if (row === undefined) throw internalError(`The task ${named ?? ''} of a receipt was not loaded.`);
    const moving = MOVING_TASK_FIELDS.map((field, column) => [field, stored[column] ?? null] as const);
    return { ...row, ...Object.fromEntries(moving) };
  }

  /** The present context of the session: a holder needs the context that is saved now. */
  context(sessionId: string): JsonText | null {
    return this.#loaded.sessions.find(({ session }) => session.id === sessionId)?.session.context ?? null;
  }
}

/** The part of a task that a receipt stores. */
export function receiptTask(task: Task): ReceiptTask {
  const last = MOVING_TASK_FIELDS.findLastIndex((field) => task[field] !== null);
  return MOVING_TASK_FIELDS.slice(0, last + 1).map((field) => task[field]);
}

/** For replies that are plain JSON: they are stored unchanged. */
export function plainReply<Reply>(): ReceiptCodec<unknown, Reply> {
  return {
    store: (reply) => ({ reply: reply as Json }),
    restore: (stored) => stored as Reply,
  };
}

/** The text of a receipt; `namedByReceipt` reads the names. */
export function receiptText({ reply, sessions = [], tasks = [] }: ReceiptReply): JsonText {
  const named: Partial<Named> = { ...(tasks.length > 0 && { tasks }), ...(!areSame(sessions, tasks) && { sessions }) };
  return JSON.stringify({ ...named, reply });
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((id, at) => id === others[at]);
}

/** The stored reply of a receipt. */
export function storedReplyOf(receipt: Receipt): Json {
  return (fromJsonText(receipt.reply) as unknown as { reply: Json }).reply;
}
