/** The invariants by number. I8 to I10, I12 to I14, I20 and I22 are checked as far as log and journals tell. */
export const INVARIANTS = {
  I1: "fences of a session strictly grow, and grants' fences are unique",
  I2: 'no grant while a lease is open',
  I3: 'one closing event per lease',
  I4: "every holder's event carries the fence of the latest grant",
  I5: 'a task ends at most once between two retries',
  I6: 'every command acknowledged with ok that had events has exactly one effect in the log',
  I7: 'a refused command has no effect, except one lease.refused per fence',
  I8: 'state is the fold of the log',
  I9: 'seq has no gap, and chains hold',
  I10: 'grants are attempts, interruptions, rounds of review and leases given back',
  I11: 'no recovery before stale_at, no takeover before expiry, without proof',
  I12: 'every stale lease is closed while a recoverer runs',
  I13: 'no due head stays unclaimed while a fitting agent polls',
  I14: 'a follower of the log sees every event once, in order',
  I15: 'no review is granted to an agent that held the reviewed task',
  I16: 'every dependency of a granted task had ended as its policy asks',
  I17: 'a dedupe key is held by one task at a time',
  I19: 'an agent that drains, is retired, or has to be registered and is not, gets no grant',
  I20: 'a task in review has as many open reviews as approvals that it lacks',
  I21: 'no question is lost: every waiting task has an open question',
  I22: 'an open review is for an agent, or a role, that may judge it',
} as const;

export type Invariant = keyof typeof INVARIANTS;

/** An invariant that the log and the journals violate. */
export interface Violation {
  readonly invariant: Invariant;
  /** The events at fault; empty where an event is missing. */
  readonly eventIds: readonly number[];
  /** The command at fault, if it is one. */
  readonly commandId: string | null;
  readonly why: string;
}

export function violation(
  invariant: Invariant,
  at: readonly { readonly id: number }[],
  why: string,
  commandId: string | null = null,
): Violation {
  return { invariant, eventIds: at.map(({ id }) => id), commandId, why };
}
