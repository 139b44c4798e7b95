import { BACKLOGS, buildBacklog, type Backlog, type Call } from '../backlogs.ts';
import type { Bench, BenchCase, SubjectOf } from '../bench-case.ts';
import { medianOf, rotated, type Pair } from '../measure.ts';
import { openProduct, type Orchestrator } from '../product.ts';
import { resultOf, type Result, type Target } from '../result.ts';
import type { Store, Subject } from '../subject.ts';

const SMALL = 1_000;
const LARGE = 1_000_000;
/** Per round and way to claim; all rounds together must leave something of the small backlog. */
const ROUNDS = 8;
const CLAIMS_PER_TURN = 10;
const WARM_UP_CLAIMS = 200;

/** Makes a store harder to work on, for as long as `undo` was not called. */
export interface Burden {
  /** As it stands in the table. */
  readonly name: string;
  /** @returns undo */
  readonly lay: (store: Store, orchestrator: Orchestrator) => Promise<() => Promise<void>>;
}

export interface BacklogOptions {
  readonly name: string;
  readonly subjectOf: SubjectOf;
  /** Asked about once more, for the record, after the question without it. */
  readonly burden?: Burden;
}

/** Whether a claim takes as long with a million tasks in the store as with a thousand: the time of the claim alone. */
export function backlogCase({ name, subjectOf, burden }: BacklogOptions): BenchCase {
  return {
    name,
    async run(bench) {
      const subject = await subjectOf(bench);
      const results: Result[] = [];
      for (const backlog of BACKLOGS) results.push(...(await compareSizes(bench, subject, backlog, burden)));
      return results;
    },
  };
}

async function compareSizes(
  bench: Bench,
  subject: Subject,
  backlog: Backlog,
  burden: Burden | undefined,
): Promise<Result[]> {
  await warmUp(subject, backlog);
  const small = await buildBacklog(subject, 'small', backlog, SMALL);
  const start = performance.now();
  const large = await buildBacklog(subject, 'large', backlog, LARGE);
  bench.log(`  ${counted(LARGE)} ${backlog.name}: built in ${((performance.now() - start) / 1000).toFixed(0)} s`);

  const sizes = { ours: await openProduct(large), floor: await openProduct(small) };
  const title = `${subject.name}: ${counted(LARGE)} ${backlog.name}`;
  const results = await timeCalls(bench, title, backlog, sizes, { atMost: 1.5 });
  if (burden !== undefined) {
    const undo = [await burden.lay(large, sizes.ours), await burden.lay(small, sizes.floor)];
    results.push(...(await timeCalls(bench, `${title}, ${burden.name}`, backlog, sizes)));
    for (const one of undo) await one();
  }
  for (const orchestrator of Object.values(sizes)) await orchestrator[Symbol.asyncDispose]();
  for (const store of [small, large]) await subject.remove(store);
  return results;
}

async function timeCalls(
  { rounds, log }: Bench,
  title: string,
  { calls }: Backlog,
  sizes: Pair<Orchestrator>,
  target?: Target,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const [how, call] of Object.entries(calls)) {
    const pairs: Pair[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const pair = await timeRound(sizes, call, round);
      pairs.push(pair);
      const [ours, floor, ratio] = [pair.ours.toFixed(3), pair.floor.toFixed(3), (pair.ours / pair.floor).toFixed(2)];
      log(`  ${how}, round ${round + 1}: ${ours} / ${floor} ms = ${ratio}`);
    }
    const question = { name: `${title}: ${how}`, unit: 'ms (p50)', against: `the same with ${counted(SMALL)}` };
    results.push(resultOf(target === undefined ? question : { ...question, target }, pairs));
  }
  return results;
}

async function timeRound(sizes: Pair<Orchestrator>, call: Call, round: number): Promise<Pair> {
  const timesMs: Pair<number[]> = { ours: [], floor: [] };
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    for (const name of rotated(['ours', 'floor'] as const, round + turn)) {
      for (let claim = 0; claim < CLAIMS_PER_TURN; claim += 1) timesMs[name].push(await timedClaim(sizes[name], call));
    }
  }
  return { ours: p50(timesMs.ours), floor: p50(timesMs.floor) };
}

/** The claim alone; the release that ends it is not what is asked about. */
async function timedClaim(orchestrator: Orchestrator, call: Call): Promise<number> {
  const start = performance.now();
  const claimed = await orchestrator.claimTask(call);
  const elapsed = performance.now() - start;
  if (!claimed.ok) throw new Error(`nothing to claim: ${claimed.reason}`);
  const { token } = claimed.lease;
  await orchestrator.releaseTask({ token, outcome: 'succeeded' });
  return elapsed;
}

/** Compiled code is measured, not its compilation. */
async function warmUp(subject: Subject, backlog: Backlog): Promise<void> {
  const store = await buildBacklog(subject, 'warm_up', backlog, SMALL);
  const orchestrator = await openProduct(store);
  for (const call of Object.values(backlog.calls)) {
    for (let claim = 0; claim < WARM_UP_CLAIMS; claim += 1) await timedClaim(orchestrator, call);
  }
  await orchestrator[Symbol.asyncDispose]();
  await subject.remove(store);
}

function p50(times: readonly number[]): number {
  return medianOf(times.toSorted((a, b) => a - b));
}

function counted(tasks: number): string {
  return tasks.toLocaleString('en');
}
