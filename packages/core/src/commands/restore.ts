import { LIMITS } from '../model/limits.ts';
import type { SessionKey } from '../storage/scope.ts';
import type { Command } from './command.ts';
import { asHeldLease } from './held-lease.ts';
import { endLease } from './lease-end.ts';

/** One page of a restored store: the held sessions after this one. */
export interface RestoreInput {
  readonly namespace: string;
  readonly after: SessionKey | null;
}

export interface RestoreReply {
  /** How many leases were ended. */
  readonly closed: number;
  /** Where the next page begins; null: there is none. */
  readonly next: SessionKey | null;
}

/**
 * Ends the leases that were open when the backup was taken, in all namespaces. The log does not have what their holders
 * did since, so none of them may continue. Their tasks count an interruption and are requeued, as after any lost lease.
 */
export const restore: Command<RestoreInput, RestoreReply> = {
  name: 'restore',
  input: null,
  events: ['task.recovered', 'task.failed', 'task.cancelled', 'session.closed'],
  receipt: null,

  scope: ({ namespace, after }) => ({ by: 'held', namespace, limit: LIMITS.sweep_page_max, after }),

  decide(_input, loaded) {
    const held = loaded.sessions.flatMap((one) => asHeldLease(one) ?? []);
    const events = held.flatMap((one) => {
      const closed = endLease(one, { type: 'task.recovered', reason: 'restored' }, {}, null);
      return closed.events.map((event) => ({ ...event, namespace: one.session.namespace }));
    });
    const last = held.at(-1)?.session;
    const next = last === undefined ? null : { namespace: last.namespace, sessionId: last.id };
    return { events, reply: () => ({ closed: held.length, next }) };
  },
};
