import { z } from 'zod';
import type { EventDraft } from '../log/events.ts';
import * as field from '../model/fields.ts';
import { isStale } from '../model/lease.ts';
import { DEFAULTS, LIMITS } from '../model/limits.ts';
import type { Command } from './command.ts';
import { plainReply } from './receipt-reply.ts';
import { asHeldLease } from './held-lease.ts';
import { endLease, type EndedLeaseOutcome } from './lease-end.ts';
import { evidence, evidenceAgainst } from './evidence.ts';

/** The input of `staleRecovery`. */
export const recoverInput = z.lazy(() =>
  z.strictObject({
    namespace: field.name,
    commandId: field.commandId,
    /** The agent that recovers, for the log. */
    agent: field.name.optional(),
    instance: field.name.optional(),
    /** Sessions in one call. */
    limit: field.batchLimit.default(DEFAULTS.recover_batch),
    /** Evidence of dead holders: their leases end without waiting until they are stale. */
    evidence: z.array(evidence).max(LIMITS.batch_max).default([]),
  }),
);

/** The input, checked and filled in. */
export type RecoverInput = z.output<typeof recoverInput>;

/** A lease that was ended, and why that was allowed. Times in milliseconds. */
export interface Recovered {
  readonly sessionId: string;
  readonly taskId: string;
  readonly from: { readonly agent: string; readonly instance: string | null; readonly fence: number };
  readonly reason: 'stale' | 'dead';
  readonly outcome: EndedLeaseOutcome['outcome'];
  readonly expiresAt: number;
  readonly heartbeatAt: number;
  readonly staleAt: number;
}

/** All leases that this call ended. */
export interface RecoverReply {
  readonly ok: true;
  readonly recovered: readonly Recovered[];
  /**
   * There may be more stale leases, or leases of dead holders: call again, with the same evidence. If nothing was
   * recovered, another unit of work has locked them, and this one has waited for it: call again later.
   */
  readonly more: boolean;
}

/** Ends the leases of dead holders, requeues or ends their tasks, and keeps the context of their sessions. */
export const recover: Command<RecoverInput, RecoverReply> = {
  name: 'recover',
  input: recoverInput,
  events: ['task.recovered', 'task.failed', 'task.cancelled', 'session.closed'],
  endsOthersLeases: true,
  settles: true,
  notIdentity: ['evidence'],
  receipt: plainReply(),

  scope: ({ namespace, commandId, limit, evidence: all }) => ({
    by: 'stale',
    namespace,
    commandId,
    limit,
    extraSessionIds: all.map(({ sessionId }) => sessionId),
  }),

  decide(input, loaded) {
    const events: EventDraft[] = [];
    const recovered: Recovered[] = [];

    for (const one of loaded.sessions) {
      const held = asHeldLease(one);
      if (held === null) continue;
      const { session, task } = held;
      const proof = evidenceAgainst(session, input.evidence);
      const stale = isStale(session, loaded.now);
      if (!stale && proof === null) continue;
      const reason = stale ? 'stale' : 'dead';
      const closed = endLease(held, { type: 'task.recovered', reason }, input, proof);
      events.push(...closed.events);
      recovered.push({
        sessionId: session.id,
        taskId: task.id,
        from: { agent: session.agent, instance: session.instance, fence: session.fence },
        reason,
        outcome: closed.outcome,
        expiresAt: session.leaseExpiresAt,
        heartbeatAt: session.heartbeatAt,
        staleAt: session.staleAt,
      });
    }

    const isFull = recovered.filter(({ reason }) => reason === 'stale').length >= input.limit;
    const more = isFull || loaded.skippedStale === true;
    return { events, reply: () => ({ ok: true, recovered, more }) };
  },
};
