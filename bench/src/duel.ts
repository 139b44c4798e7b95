import type { Bench } from './bench-case.ts';
import type { Contender } from './contender.ts';
import { race, unitsOf, type Course, type Pair } from './measure.ts';
import { seedStore } from './product.ts';
import { assertSameRows } from './same-rows.ts';
import type { Store, Subject } from './subject.ts';

export interface Duel {
  readonly subject: Subject;
  readonly course: Course;
  /** Whether both must have written the same rows; not where one of them batches, and so writes fewer receipts. */
  readonly sameRows: boolean;
  /** Tasks in the store at the start; enough for the course by default. */
  readonly tasks?: number;
  /** Opens a contender on a store of its own, a copy of the same one. */
  readonly open: Pair<(store: Store) => Promise<Contender>>;
}

/** Product against floor, round by round. */
export async function duel(
  { rounds, log }: Bench,
  { subject, course, sameRows, tasks = unitsOf(course), open }: Duel,
): Promise<Pair[]> {
  const seed = await seedStore(subject, 'seed', tasks);
  const pairs: Pair[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const stores = { ours: await subject.copy(seed, 'ours'), floor: await subject.copy(seed, 'floor') };
    const contenders = [await open.ours(stores.ours), await open.floor(stores.floor)];
    const [ours = Number.NaN, floor = Number.NaN] = await race(contenders, course, round);
    if (sameRows) await assertSameRows(subject, stores);
    for (const contender of contenders) await contender.close();
    for (const store of [stores.ours, stores.floor]) await subject.remove(store);
    pairs.push({ ours, floor });
    log(`  round ${round + 1}: ${ours.toFixed(0)} / ${floor.toFixed(0)} per second = ${(ours / floor).toFixed(2)}`);
  }
  await subject.remove(seed);
  return pairs;
}
