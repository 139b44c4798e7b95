import { z } from 'zod';
import { canonicalize } from '../log/canonical.ts';
import * as field from '../model/fields.ts';
import type { Json } from '../model/json.ts';
import { isExpired, leaseOf } from '../model/lease.ts';
import { LIMITS } from '../model/limits.ts';
import { fenceOf } from '../model/token.ts';
import { holderFields, leaseRefusal, lookUpHolder, refusedEvents, type LeaseRefusal } from './holder.ts';
import { type Command, refusalReason } from './command.ts';

/** The input of `heartbeat`. */
export const heartbeatInput = z.lazy(() =>
  z.strictObject({
    namespace: field.name,
    ...holderFields,
    /** The progress of the work, to show to people; replaces the last progress. */
    progress: field.json(LIMITS.progress_bytes_max).optional(),
    /**
     * The process group that works for the holder's process. It must also be gone before the holder counts as dead.
     * 0: it is not known which processes do, so nothing proves the holder dead.
     */
    processGroup: field.processGroup.optional(),
  }),
);

/** The input, checked and filled in. */
export type HeartbeatInput = z.output<typeof heartbeatInput>;

const progressInput = z.lazy(() => z.strictObject({ progress: heartbeatInput.unwrap().shape.progress }));

/**
 * Checks whether a heartbeat can carry this progress, for callers that collect progress and send it later.
 *
 * @throws `INVALID_INPUT`, `LIMIT_EXCEEDED`
 */
export function checkProgress(progress: Json): void {
  field.parseInput(progressInput, { progress });
}

/** The lease after the heartbeat; or the refusal of a lost lease. */
export type HeartbeatReply =
  | {
      readonly ok: true;
      readonly sessionId: string;
      readonly taskId: string;
      /** When the lease expires, in milliseconds. */
      readonly expiresAt: number;
      /** The cancellation of the task was requested: stop the work and release the task. */
      readonly cancelRequested: boolean;
      /** The lease had expired, but no agent took over. */
      readonly late: boolean;
    }
  | LeaseRefusal;

/** Extends the lease as a proof of life. Not logged. */
export const heartbeat: Command<HeartbeatInput, HeartbeatReply> = {
  name: 'heartbeat',
  input: heartbeatInput,
  refusalReason,
  events: ['lease.refused'],
  receipt: null,

  scope: ({ namespace, token }) => ({ by: 'sessions', namespace, sessions: [{ fence: fenceOf(token) }] }),

  decide(input, loaded) {
    const { held, ended } = lookUpHolder(input, loaded);
    if (held === null)
      return {
        events: refusedEvents(input, ended, 'heartbeat'),
        reply: () => leaseRefusal(ended, loaded),
      };

    const sessionId = held.session.id;
    const late = isExpired(held.session, loaded.now);
    const cancelRequested = held.task.cancelRequestedAt !== null;
    const progress = input.progress === undefined ? undefined : canonicalize(input.progress);
    return {
      events: [],
      renewals: [{ sessionId, progress, processGroup: input.processGroup }],
      reply: (after) => ({
        ok: true,
        sessionId,
        taskId: held.task.id,
        expiresAt: leaseOf(after.session(sessionId)).expiresAt,
        cancelRequested,
        late,
      }),
    };
  },
};
