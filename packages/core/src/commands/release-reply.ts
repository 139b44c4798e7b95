import type { Json } from '../model/json.ts';
import type { TaskStatus } from '../model/statuses.ts';
import type { Claim } from './grant.ts';
import type { LeaseRefusal } from './holder.ts';

/** One task after its release. */
export interface ReleasedItem {
  readonly ok: true;
  readonly sessionId: string;
  readonly taskId: string;
  /**
   * After a failed attempt with attempts left: `scheduled`. If cancellation was requested and it did not succeed:
   * `cancelled`.
   */
  readonly status: TaskStatus;
  /** When the next attempt may start after a failed one, in milliseconds. */
  readonly runAt: number | null;
  /** This lease had ended the same way before: nothing happened now. */
  readonly repeated: boolean;
  /** With `repeated`: this call said something else than the first one, of which alone there is an effect. */
  readonly otherTerms?: true;
}

/** Each task after its release, in the order of the items; and the next claims. */
export interface ReleaseReply {
  /** Whether any item was accepted. */
  readonly ok: boolean;
  /** null: this item was refused when the command ran; it can be sent again by a command of its own. */
  readonly items: readonly (ReleasedItem | LeaseRefusal | null)[];
  /** With `claimNext`: the claims, if any task fitted. */
  readonly next: readonly Claim[];
}

/** What a receipt stores of a release. */
export interface StoredRelease {
  readonly items: readonly (ReceiptItem | null)[];
  readonly next?: Json;
}

/** An accepted item as a receipt stores it: without what most items have in common. */
interface ReceiptItem {
  readonly [part: string]: Json | undefined;
  readonly taskId: string;
  readonly status: TaskStatus;
  /** Missing: the session was made for the task, and has its id. */
  readonly sessionId?: string;
  /** Missing: null. */
  readonly runAt?: number;
  /** Missing: false. */
  readonly repeated?: true;
  /** Missing: it said the same. */
  readonly otherTerms?: true;
}

export function receiptItem(item: ReleaseReply['items'][number]): ReceiptItem | null {
  if (!item?.ok) return null;
  const { taskId, sessionId, status, runAt, repeated, otherTerms } = item;
  return {
    taskId,
    status,
    ...(sessionId !== taskId && { sessionId }),
    ...(runAt !== null && { runAt }),
    ...(repeated && { repeated }),
    ...(otherTerms && { otherTerms }),
  };
}

export function restoreItem(stored: ReceiptItem | null): ReleasedItem | null {
  return stored === null ? null : { ok: true, sessionId: stored.taskId, runAt: null, repeated: false, ...stored };
}
