import {
  LEASE_END_EVENTS,
  type EventDraft,
  type EventPayloads,
  type EventType,
  type HolderOperation,
} from '../log/events.ts';
import * as field from '../model/fields.ts';
import { isHeld, type HeldSession } from '../model/lease.ts';
import { fenceOf, tokenHash } from '../model/token.ts';
import type { EndedLease, Loaded } from '../storage/loaded.ts';
import { asHeldLease, type HeldLease } from './held-lease.ts';

/** A holder proves its lease by the token, and by its instance if it sends one. */
export const holderFields = {
  token: field.token,
  instance: field.name.optional(),
};

/** The fields in every call of a holder. */
export interface HolderInput {
  readonly token: string;
  readonly instance?: string | undefined;
}

/** The caller does not hold a lease with this token, or does not hold it any more. */
export interface LeaseRefusal {
  readonly ok: false;
  readonly reason: 'lease_lost';
  /** The event type that ended its lease; null if no lease ever had the token, or another instance holds it. */
  readonly endedBy: EventType | null;
  /** When it ended, in milliseconds; null if `endedBy` is null. */
  readonly at: number | null;
  /** The next holder of the session, or the present one. */
  readonly successor?: { readonly agent: string; readonly instance: string | null; readonly fence: number };
}

/** The lease of a caller; or how it ended. */
export type HolderLookup =
  | { readonly held: HeldLease; readonly ended: null }
  | { readonly held: null; readonly ended: EndedLease | null };

/**
 * Looks up the caller's lease. Only the token decides. Expiry does not matter: an expired lease is not lost until
 * another agent takes over.
 *
 * @param at which of the scope's references is the caller's
 */
export function lookUpHolder(input: HolderInput, loaded: Loaded, at = 0): HolderLookup {
  const named = loaded.named[at] ?? null;
  const hash = tokenHash(input.token);
  const found = loaded.sessions.find(({ session }) => session.id === named?.sessionId);
  const held = found === undefined ? null : asHeldLease(found);
  if (held !== null && held.session.tokenHash === hash && !isOtherInstance(input, held.session))
    return { held, ended: null };
  const ended = named?.endedLease ?? null;
  return { held: null, ended: ended !== null && tokenHashIn(ended) === hash ? ended : null };
}

/** The refusal of a caller that has no lease. */
export function leaseRefusal(ended: EndedLease | null, loaded: Loaded, at = 0): LeaseRefusal {
  const successor = ended === null ? presentHolder(loaded, at) : nextHolder(ended);
  return {
    ok: false,
    reason: 'lease_lost',
    endedBy: ended?.end.type ?? null,
    at: ended?.end.at ?? null,
    ...(successor === null ? {} : { successor }),
  };
}

/**
 * Logs the first refusal of a token whose lease another process ended. An invented token leaves no event.
 *
 * @returns the event, or none
 */
export function refusedEvents(input: HolderInput, ended: EndedLease | null, operation: HolderOperation): EventDraft[] {
  if (ended === null || ended.refused || !endedByAnother(ended)) return [];
  const { streamId, agent, instance } = ended.grant;
  return [
    {
      type: 'lease.refused',
      sessionId: streamId,
      agent,
      instance: input.instance ?? instance,
      fence: fenceOf(input.token),
      leaseEffect: 'refused',
      payload: { operation, ended_by: ended.end.type, ended_at: ended.end.at },
    },
  ];
}

function isOtherInstance(input: HolderInput, session: HeldSession): boolean {
  return input.instance !== undefined && session.instance !== null && input.instance !== session.instance;
}

function tokenHashIn({ grant }: EndedLease): string {
  return (JSON.parse(grant.payload) as EventPayloads['task.claimed']).token_hash;
}

function endedByAnother({ end }: EndedLease): boolean {
  return (LEASE_END_EVENTS.other as readonly EventType[]).includes(end.type);
}

function nextHolder({ successor }: EndedLease): LeaseRefusal['successor'] | null {
  if (successor === null || successor.agent === null || successor.fence === null) return null;
  return { agent: successor.agent, instance: successor.instance, fence: successor.fence };
}

function presentHolder(loaded: Loaded, at: number): LeaseRefusal['successor'] | null {
  const named = loaded.named[at] ?? null;
  const session = loaded.sessions.find((one) => one.session.id === named?.sessionId)?.session;
  return session !== undefined && isHeld(session)
    ? { agent: session.agent, instance: session.instance, fence: session.fence }
    : null;
}
