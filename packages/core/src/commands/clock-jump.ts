import type { EventDraft } from '../log/events.ts';
import { deadlinesAfterJump, isHeld } from '../model/lease.ts';
import { LIMITS } from '../model/limits.ts';
import type { SessionKey } from '../storage/scope.ts';
import type { Command } from './command.ts';

/** One page of a clock jump: the held sessions after this one. */
export interface ClockJumpInput {
  readonly namespace: string;
  readonly after: SessionKey | null;
}

/** Whether there is another page. */
export interface ClockJumpReply {
  /** Where the next page begins; undefined: all pages are done. */
  readonly next: SessionKey | null | undefined;
}

/**
 * Processes a clock jump: every holder, in all namespaces, gets one TTL from now, because its real time without a
 * heartbeat is unknown; or keeps what is left of it, if the store took another clock. It works in pages and stores its
 * progress with the jump, so any process can continue after another one died.
 */
export const clockJump: Command<ClockJumpInput, ClockJumpReply> = {
  name: 'clock_jump',
  input: null,
  events: ['clock.jumped'],
  receipt: null,

  scope: ({ namespace, after }) => ({ by: 'held', namespace, limit: LIMITS.sweep_page_max, after }),

  decide(input, loaded) {
    const { jump } = loaded.clock;
    if (jump === null) return { events: [], reply: () => ({ next: undefined }) };
    // Another process is further, or a new jump started from the first page again.
    if (!sameKey(jump.after, input.after)) return { events: [], reply: () => ({ next: jump.after }) };

    const held = loaded.sessions.flatMap(({ session }) => (isHeld(session) ? session : []));
    const events = held.map((session): EventDraft => ({
      type: 'clock.jumped',
      namespace: session.namespace,
      sessionId: session.id,
      fence: session.fence,
      payload: {
        by_ms: jump.byMs,
        expires_at: deadlinesAfterJump(session, jump, loaded.now).leaseExpiresAt,
        ...(jump.taken && { taken: true }),
      },
    }));
    const last = held.at(-1);
    const done = last === undefined || held.length < LIMITS.sweep_page_max;
    const after = done ? null : { namespace: last.namespace, sessionId: last.id };
    return { events, clockJump: done ? null : { ...jump, after }, reply: () => ({ next: done ? undefined : after }) };
  },
};

function sameKey(a: SessionKey | null, b: SessionKey | null): boolean {
  return a?.namespace === b?.namespace && a?.sessionId === b?.sessionId;
}
