import type { Orchestrator } from '@agent-orchestrator/runtime';
import { amountOf } from './amount.ts';
import type { Backlog } from './backlogs.ts';
import type { Bench } from './bench-case.ts';
import type { Pair } from './line.ts';
import { quantileOf, rotated } from './spread.ts';

const AGENT = 'bench';
/** In each store, in turns of a few. */
const TURNS_PER_ROUND = { whole: 6, few: 2 } as const;
const CLAIMS_PER_TURN = 10;

interface Claims {
  readonly call: Backlog['call'];
  readonly round: number;
  /** Adds as many tasks as a turn has claimed. Left out: there are enough. */
  readonly refill?: (orchestrator: Orchestrator, tasks: readonly number[]) => Promise<void>;
}

/** p50 of claims in two stores, turn by turn. */
export async function roundOfClaims(
  bench: Bench,
  stores: Pair<Orchestrator>,
  { call, round, refill }: Claims,
): Promise<Pair> {
  const turns = amountOf(bench, TURNS_PER_ROUND);
  const timesMs: Pair<number[]> = { ours: [], other: [] };
  for (let turn = 0; turn < turns; turn += 1) {
    for (const side of rotated(['ours', 'other'] as const, round + turn)) {
      const claimed = await timedClaims(stores[side], call, CLAIMS_PER_TURN);
      timesMs[side].push(...claimed);
      await refill?.(stores[side], [...claimed.keys()]);
    }
  }
  return { ours: quantileOf(timesMs.ours, 0.5), other: quantileOf(timesMs.other, 0.5) };
}

/** The times of the claims alone: the releases between them are not what is asked about. */
export async function timedClaims(orchestrator: Orchestrator, call: Backlog['call'], count: number): Promise<number[]> {
  const timesMs: number[] = [];
  for (let claim = 0; claim < count; claim += 1) {
    const start = performance.now();
    const claimed = await orchestrator.claimTask({ agent: AGENT, ...call });
    timesMs.push(performance.now() - start);
    if (!claimed.ok) throw new Error(`nothing to claim: ${claimed.reason}`);
    await orchestrator.releaseTask({ token: claimed.lease.token, outcome: 'succeeded' });
  }
  return timesMs;
}
