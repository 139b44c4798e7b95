import { Column } from './column.ts';

type LeaseEnd = 'succeeded' | 'failed' | 'interrupted' | 'other';

/** What an agent's leases came to so far. */
export interface AgentTally {
  readonly leases: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly interrupted: number;
  readonly refused: number;
  /** The middle one of its ended leases, in milliseconds; null: none has ended. */
  readonly medianMs: number | null;
}

interface Counted {
  leases: number;
  succeeded: number;
  failed: number;
  interrupted: number;
  other: number;
  refused: number;
  readonly durations: Column<Float64Array>;
}

/** Counts leases by the numbers of their agents, one by one. */
export class AgentTallies {
  readonly #counted = new Map<number, Counted>();

  granted(agent: number): void {
    this.#of(agent).leases += 1;
  }

  ended(agent: number, end: LeaseEnd, durationMs: number): void {
    const counted = this.#of(agent);
    counted[end] += 1;
    counted.durations.push(durationMs);
  }

  refused(agent: number): void {
    this.#of(agent).refused += 1;
  }

  /** By the number of the agent, in the order of their first leases. */
  *all(): Generator<readonly [agent: number, tally: AgentTally]> {
    for (const [agent, { durations, leases, succeeded, failed, interrupted, refused }] of this.#counted)
      yield [agent, { leases, succeeded, failed, interrupted, refused, medianMs: durations.median() }];
  }

  #of(agent: number): Counted {
    const known = this.#counted.get(agent);
    if (known !== undefined) return known;
    const made = {
      leases: 0,
      succeeded: 0,
      failed: 0,
      interrupted: 0,
      other: 0,
      refused: 0,
      durations: Column.ofLarge(),
    };
    this.#counted.set(agent, made);
    return made;
  }
}
