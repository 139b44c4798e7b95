import { join } from 'node:path';
import type { Bench } from './bench-case.ts';
import { race, unitsOf, type Course, type Pair, type Running } from './measure.ts';
import { assertSameRows } from './same-rows.ts';
import { copyStore, removeStore, seedStore } from './store.ts';

export interface Duel {
  readonly course: Course;
  /** Whether both must have written the same rows; not where one of them batches, and so writes fewer receipts. */
  readonly sameRows: boolean;
  /** Tasks in the store at the start; enough for the course by default. */
  readonly tasks?: number;
  /** Opens a contender on a store of its own, a copy of the same file. */
  readonly open: Pair<(path: string) => Promise<Running>>;
}

/** Product against floor, round by round. */
export async function duel(
  { rounds, folder, log }: Bench,
  { course, sameRows, tasks = unitsOf(course), open }: Duel,
): Promise<Pair[]> {
  const seed = join(folder, 'seed.db');
  const paths = { ours: join(folder, 'ours.db'), floor: join(folder, 'floor.db') };
  await seedStore(seed, tasks);
  const pairs: Pair[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const running = {
      ours: await open.ours(copyStore(seed, paths.ours)),
      floor: await open.floor(copyStore(seed, paths.floor)),
    };
    const pair = await race(running, course, round);
    if (sameRows) assertSameRows(paths);
    await running.ours.close();
    await running.floor.close();
    removeStore(paths.ours);
    removeStore(paths.floor);
    pairs.push(pair);
    log(
      `  round ${round + 1}: ${pair.ours.toFixed(0)} / ${pair.floor.toFixed(0)} per second = ${(pair.ours / pair.floor).toFixed(2)}`,
    );
  }
  removeStore(seed);
  return pairs;
}
