import type { JsonText } from './json.ts';

/**
 * The record of a command that had an effect. A retry with the same id gets the same answer, without a second effect.
 */
export interface Receipt {
  readonly namespace: string;
  readonly commandId: string;
  /** SHA-256 of the canonical request. The same id with another request is an error. */
  readonly requestHash: string;
  /** The reply without payloads and contexts, and the ids of what it names (see `namedByReceipt`). */
  readonly reply: JsonText;
  /** The later of the command's time and its id's time, in milliseconds: the start of the time it is kept. */
  readonly at: number;
}

/** The rows that a receipt names. A storage that finds a receipt loads these instead of the scope. */
export interface Named {
  readonly sessions: readonly string[];
  readonly tasks: readonly string[];
}

/**
 * For storages: the rows to load for a receipt that was found. Where a receipt says nothing of sessions, they have the
 * ids of the tasks: sessions that were made for one task each.
 */
export function namedByReceipt(receipt: Receipt): Named {
  const { tasks = [], sessions = tasks } = JSON.parse(receipt.reply) as Partial<Named>;
  return { sessions, tasks };
}
