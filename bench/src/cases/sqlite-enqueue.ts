import { anewEachRound, type BenchCase } from '../bench-case.ts';
import type { ContestantName } from '../contestants/catalogue.ts';
import { ContestantProcess } from '../race/contestant-process.ts';
import type { Place } from '../places/place.ts';
import { sqlite } from '../places/sqlite.ts';
import { rotated } from '../spread.ts';
import { TASKS_PER_CALL } from '../tasks.ts';

const TASKS = 11 * TASKS_PER_CALL;

/** What adding a thousand tasks in one call costs. */
export const sqliteEnqueue: BenchCase = {
  name: 'sqlite-enqueue',
  lines: [
    {
      id: 'normal',
      title: 'SQLite, enqueue by 1,000, NORMAL',
      unit: 'tasks/s',
      against: 'raw floor, inserts by 1,000, NORMAL',
      better: 'more',
      target: { of: 'ratio', limit: 0.3 },
      checked: 'full',
    },
  ],
  begin: anewEachRound(async ({ folder, log }, number) => {
    const rates = new Map<ContestantName, number>();
    for (const name of rotated(['ours', 'raw SQLite'] as const, number)) {
      rates.set(name, await tasksPerSecond(sqlite(folder), name));
      log(`  ${name}: ${rates.get(name)?.toFixed(0)} tasks/s`);
    }
    return { normal: { ours: rates.get('ours') ?? Number.NaN, other: rates.get('raw SQLite') ?? Number.NaN } };
  }),
};

async function tasksPerSecond(place: Place, name: ContestantName): Promise<number> {
  await using store = await place.fresh();
  const seat = { url: store.url, synchronous: 'NORMAL', callers: 1, isFirst: true } as const;
  await using adder = await ContestantProcess.open(name, seat);
  const { tasks, elapsedMs } = await adder.ask({ is: 'enqueue', tasks: TASKS });
  await adder.close();
  return (tasks * 1_000) / elapsedMs;
}
