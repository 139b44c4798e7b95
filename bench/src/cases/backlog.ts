import { join } from 'node:path';
import { BACKLOGS, buildBacklog, type Backlog } from '../backlogs.ts';
import type { Bench, BenchCase } from '../bench-case.ts';
import { medianOf, order, type Pair } from '../measure.ts';
import { resultOf, type Result } from '../result.ts';
import { openOurs, removeStore, type Orchestrator } from '../store.ts';

const SMALL = 1_000;
const LARGE = 1_000_000;
/** Per round and way to claim; all rounds together must leave something of the small backlog. */
const TURNS = 8;
const CLAIMS_PER_TURN = 10;
const WARM_UP_CLAIMS = 200;

/** Whether a claim takes as long with a million tasks in the store as with a thousand: the time of the claim alone. */
export const backlogCase: BenchCase = {
  name: 'backlog',
  async run(bench) {
    const results: Result[] = [];
    for (const backlog of BACKLOGS) results.push(...(await compareSizes(bench, backlog)));
    return results;
  },
};

async function compareSizes({ rounds, folder, log }: Bench, backlog: Backlog): Promise<Result[]> {
  const paths = { ours: join(folder, 'large.db'), floor: join(folder, 'small.db') };
  await warmUp(join(folder, 'warm-up.db'), backlog);
  await buildBacklog(paths.floor, backlog, SMALL);
  const start = performance.now();
  await buildBacklog(paths.ours, backlog, LARGE);
  log(`  ${counted(LARGE)} ${backlog.name}: built in ${((performance.now() - start) / 1000).toFixed(0)} s`);

  const stores = { ours: await openOurs(paths.ours, 'NORMAL'), floor: await openOurs(paths.floor, 'NORMAL') };
  const results: Result[] = [];
  for (const [how, call] of Object.entries(backlog.calls)) {
    const pairs: Pair[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const timesMs: Pair<number[]> = { ours: [], floor: [] };
      for (let turn = 0; turn < TURNS; turn += 1) {
        for (const name of order(round + turn)) {
          for (let claim = 0; claim < CLAIMS_PER_TURN; claim += 1)
            timesMs[name].push(await timedClaim(stores[name], call));
        }
      }
      const pair = { ours: p50(timesMs.ours), floor: p50(timesMs.floor) };
      pairs.push(pair);
      log(
        `  ${how}, round ${round + 1}: ${pair.ours.toFixed(3)} / ${pair.floor.toFixed(3)} ms = ${(pair.ours / pair.floor).toFixed(2)}`,
      );
    }
    results.push(
      resultOf(
        {
          name: `${counted(LARGE)} ${backlog.name}: ${how}`,
          unit: 'ms (p50)',
          against: `the same with ${counted(SMALL)}`,
          target: { atMost: 1.5 },
        },
        pairs,
      ),
    );
  }
  for (const name of ['ours', 'floor'] as const) {
    await stores[name][Symbol.asyncDispose]();
    removeStore(paths[name]);
  }
  return results;
}

/** The claim alone; the release that ends it is not what is asked about. */
async function timedClaim(orchestrator: Orchestrator, call: Backlog['calls'][string]): Promise<number> {
  const start = performance.now();
  const claimed = await orchestrator.claimTask(call);
  const elapsed = performance.now() - start;
  if (!claimed.ok) throw new Error(`nothing to claim: ${claimed.reason}`);
  const { sessionId, token } = claimed.lease;
  await orchestrator.releaseTask({ sessionId, token, outcome: 'succeeded' });
  return elapsed;
}

/** Compiled code is measured, not its compilation. */
async function warmUp(path: string, backlog: Backlog): Promise<void> {
  await buildBacklog(path, backlog, SMALL);
  const orchestrator = await openOurs(path, 'NORMAL');
  for (const call of Object.values(backlog.calls)) {
    for (let claim = 0; claim < WARM_UP_CLAIMS; claim += 1) await timedClaim(orchestrator, call);
  }
  await orchestrator[Symbol.asyncDispose]();
  removeStore(path);
}

function p50(times: readonly number[]): number {
  return medianOf(times.toSorted((a, b) => a - b));
}

function counted(tasks: number): string {
  return tasks.toLocaleString('en');
}
