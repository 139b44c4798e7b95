import { z } from 'zod';
import { canonicalize } from '../log/canonical.ts';
import * as field from '../model/fields.ts';
import type { Json } from '../model/json.ts';
import { isExpired, leaseOf } from '../model/lease.ts';
import { LIMITS } from '../model/limits.ts';
import { findHolding, holderFields, leaseLost, type LeaseLost } from './holder.ts';
import type { Command } from './command.ts';

/** What `heartbeat` takes. */
export const heartbeatInput = z.strictObject({
  ...holderFields,
  /** What there is to show of the work: replaces the last progress. */
  progress: field.json(LIMITS.progress_bytes_max).optional(),
  /** The process group that works for the holder's process: it, too, has to be gone before the holder counts as dead. */
  processGroup: field.processGroup.optional(),
});

/** The input, checked and filled in. */
export type HeartbeatInput = z.output<typeof heartbeatInput>;

const progressInput = z.strictObject({ progress: heartbeatInput.shape.progress });

/**
 * Whether a heartbeat could carry this: for whoever collects progress and sends it later.
 *
 * @throws `INVALID_INPUT`, `LIMIT_EXCEEDED`
 */
export function checkProgress(progress: Json): void {
  field.parseInput(progressInput, { progress });
}

/** Still yours, or not any more. */
export type HeartbeatReply =
  | {
      readonly ok: true;
      /** Yours until then, in milliseconds. */
      readonly expiresAt: number;
      /** Somebody wants the task to end: finish up and release it. */
      readonly cancelRequested: boolean;
      /** The lease had expired, but nobody took over. */
      readonly late: boolean;
    }
  | LeaseLost;

/** Extends the lease and proves life. Not logged. */
export const heartbeat: Command<HeartbeatInput, HeartbeatReply> = {
  name: 'heartbeat',
  leavesReceipt: false,

  scope: ({ namespace, sessionId, token }) => ({ by: 'session', namespace, sessionId, token }),

  decide(input, loaded) {
    const held = findHolding(input, loaded);
    if (held === null) return leaseLost(input, loaded, 'heartbeat');

    const late = isExpired(held.session, loaded.now);
    const cancelRequested = held.task.cancelRequestedAt !== null;
    const progress = input.progress === undefined ? undefined : canonicalize(input.progress);
    return {
      events: [],
      renewals: [{ sessionId: input.sessionId, progress, processGroup: input.processGroup }],
      reply: (after) => ({
        ok: true,
        expiresAt: leaseOf(after.session(input.sessionId)).expiresAt,
        cancelRequested,
        late,
      }),
    };
  },
};
