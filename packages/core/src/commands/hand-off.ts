import type { EventPayloads } from '../log/events.ts';

/** Whom a holder hands its task off to, and for how long. */
interface HandOff {
  /** Exactly one of the two. */
  readonly to?: { readonly agent?: string; readonly role?: string } | undefined;
  readonly byMs?: number | undefined;
}

/** The receiver, and when the task goes back: by the authority's clock, since the caller's may be another one. */
export function handOffTerms(
  { to, byMs }: HandOff,
  now: number,
): Omit<EventPayloads['task.handed_off'], 'outcome' | 'note'> {
  return {
    ...recipient(to),
    ...(byMs !== undefined && { return_at: now + byMs, delay_ms: byMs }),
  };
}

/** The agent or the role that something is for, as events say it. */
export function recipient(to: HandOff['to'] = {}): { readonly assignee: string | null; readonly role: string | null } {
  return { assignee: to.agent ?? null, role: to.role ?? null };
}
