import { LEASE_ENDINGS, type EventType, type HolderOperation } from '../log/events.ts';
import * as field from '../model/fields.ts';
import { isHeld, type HeldSession } from '../model/lease.ts';
import type { EndedLease, Loaded } from '../storage/loaded.ts';
import type { Task } from '../model/task.ts';
import type { Judgement } from './command.ts';
import { asHeld } from './lost-lease.ts';

/** How a holder shows that it is one: by the session and its lease's token, and by the instance if it sends one. */
export const holderFields = {
  namespace: field.name,
  sessionId: field.id,
  token: field.token,
  instance: field.name.optional(),
};

/** What every call of a holder carries. */
export interface HolderInput {
  readonly namespace: string;
  readonly sessionId: string;
  readonly token: number;
  readonly instance?: string | undefined;
}

/** Whoever asked does not hold the session (any more). */
export interface LeaseLost {
  readonly ok: false;
  readonly reason: 'lease_lost';
  /** The event type that ended its lease; null if no lease of this session ever had the token, or another instance holds it. */
  readonly endedBy: EventType | null;
  /** When that was, in milliseconds; null likewise. */
  readonly at: number | null;
  /** Who got the session next, or holds it now. */
  readonly successor?: { readonly agent: string; readonly instance: string | null; readonly token: number };
}

/** A session as its holder has it. */
export type Holding = { readonly session: HeldSession; readonly task: Task; readonly head: Task | null };

/**
 * Only a token decides: expiry is not asked. Late is not lost as long as nobody took over.
 *
 * @returns the session as its holder has it, or null
 */
export function findHolding(input: HolderInput, loaded: Loaded): Holding | null {
  const [found] = loaded.sessions;
  const held = found === undefined ? null : asHeld(found);
  if (held === null) return null;
  const { session, task, head } = held;
  if (session.token !== input.token || isOtherInstance(input, session)) return null;
  return { session, task, head };
}

/** Refuses a write, and puts the first one of a token whose lease somebody else ended on record. Invented tokens leave nothing. */
export function leaseLost(input: HolderInput, loaded: Loaded, operation: HolderOperation): Judgement<LeaseLost> {
  const ended = loaded.endedLease;
  const reply = () => lost(ended, loaded);
  if (ended === null || ended.refused || !endedByAnother(ended)) return { events: [], reply };
  const { type, at } = ended.closing;
  const from = heldBefore(ended);
  return {
    events: [
      {
        type: 'lease.refused',
        sessionId: input.sessionId,
        agent: from.agent,
        instance: input.instance ?? from.instance,
        token: input.token,
        leaseMark: 3,
        payload: { operation, ended_by: type, ended_at: at },
      },
    ],
    reply,
  };
}

function isOtherInstance(input: HolderInput, session: HeldSession): boolean {
  return input.instance !== undefined && session.instance !== null && input.instance !== session.instance;
}

function endedByAnother(ended: EndedLease): boolean {
  return (LEASE_ENDINGS.other as readonly EventType[]).includes(ended.closing.type);
}

/** Who held the lease that somebody else ended: its closing event says so. */
function heldBefore(ended: EndedLease): { agent: string | null; instance: string | null } {
  const payload = JSON.parse(ended.closing.payload) as { from_agent: string; from_instance: string | null };
  return { agent: payload.from_agent, instance: payload.from_instance };
}

function lost(ended: EndedLease | null, loaded: Loaded): LeaseLost {
  const successor = ended === null ? currentHolder(loaded) : nextHolder(ended);
  return {
    ok: false,
    reason: 'lease_lost',
    endedBy: ended?.closing.type ?? null,
    at: ended?.closing.at ?? null,
    ...(successor === null ? {} : { successor }),
  };
}

function nextHolder({ successor }: EndedLease): LeaseLost['successor'] | null {
  if (successor === null || successor.agent === null || successor.token === null) return null;
  return { agent: successor.agent, instance: successor.instance, token: successor.token };
}

function currentHolder(loaded: Loaded): LeaseLost['successor'] | null {
  const session = loaded.sessions[0]?.session;
  return session !== undefined && isHeld(session)
    ? { agent: session.agent, instance: session.instance, token: session.token }
    : null;
}
