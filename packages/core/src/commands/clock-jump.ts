import type { EventDraft } from '../log/events.ts';
import { isHeld } from '../model/lease.ts';
import { LIMITS } from '../model/limits.ts';
import type { SessionKey } from '../storage/scope.ts';
import type { Command } from './command.ts';

/** One page of the work on a jump: the held sessions after this one. */
export interface ClockJumpInput {
  readonly namespace: string;
  readonly after: SessionKey | null;
}

/** Whether there is another page. */
export interface ClockJumpReply {
  /** Where the next page begins; undefined: the jump is worked off. */
  readonly next: SessionKey | null | undefined;
}

/**
 * Works off a clock jump: every holder, in all namespaces, gets one TTL from now, because nobody can tell how long it was
 * really silent. In pages; how far it has come is kept with the jump, so any process goes on where another one died.
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
    // Somebody else has come further, or a new jump began the work afresh.
    if (!sameKey(jump.after, input.after)) return { events: [], reply: () => ({ next: jump.after }) };

    const held = loaded.sessions.flatMap(({ session }) => (isHeld(session) ? session : []));
    const events = held.map((session): EventDraft => ({
      type: 'clock.jumped',
      namespace: session.namespace,
      sessionId: session.id,
      fence: session.fence,
      payload: { by_ms: jump.byMs, expires_at: loaded.now + session.ttlMs },
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
