import { amountOf } from '../amount.ts';
import { anewEachRound, type BenchCase } from '../bench-case.ts';
import type { ContestantName } from '../contestants/catalogue.ts';
import { ContestantProcess } from '../race/contestant-process.ts';
import { sqlite } from '../places/sqlite.ts';
import { rotated } from '../spread.ts';
import { TASKS_PER_CALL } from '../tasks.ts';

/** The first call warms up, and is not counted. */
const CALLS = { whole: 11, few: 2 } as const;

/** What adding a thousand tasks in one call costs. */
export const sqliteEnqueue: BenchCase = {
  name: 'sqlite-enqueue',
  seconds: { begin: 0, round: 3 },
  lines: [
    {
      id: 'normal',
      title: 'SQLite, enqueue by 1,000, NORMAL',
      unit: 'tasks/s',
      against: 'raw floor, inserts by 1,000, NORMAL',
      better: 'more',
      target: { of: 'ratio', limit: 0.3 },
      isChecked: true,
    },
  ],
  begin: anewEachRound(async (bench, number) => {
    await using opened = new AsyncDisposableStack();
    const open = async (name: ContestantName): Promise<Adder> => {
      const { url } = opened.use(await sqlite(bench.folder).fresh());
      const seat = { url, synchronous: 'NORMAL', callers: 1, processes: 1, isFirst: true } as const;
      return { process: opened.use(await ContestantProcess.open(name, seat)), elapsedMs: [] };
    };
    const adders = { ours: await open('ours'), other: await open('raw SQLite') };
    const calls = amountOf(bench, CALLS);
    for (let call = 0; call < calls; call += 1) {
      for (const { process, elapsedMs } of rotated(Object.values(adders), number + call))
        elapsedMs.push(
          (await process.ask({ is: 'enqueue', first: call * TASKS_PER_CALL, tasks: TASKS_PER_CALL })).elapsedMs,
        );
    }
    for (const { process } of Object.values(adders)) await process.close();
    const pair = { ours: tasksPerSecond(adders.ours), other: tasksPerSecond(adders.other) };
    bench.log(`  ours ${pair.ours.toFixed(0)} tasks/s, raw ${pair.other.toFixed(0)} tasks/s`);
    return { normal: pair };
  }),
};

interface Adder {
  readonly process: ContestantProcess;
  /** Of each call. */
  readonly elapsedMs: number[];
}

function tasksPerSecond({ elapsedMs: [, ...elapsedMs] }: Adder): number {
  return (elapsedMs.length * TASKS_PER_CALL * 1_000) / elapsedMs.reduce((total, ms) => total + ms, 0);
}
