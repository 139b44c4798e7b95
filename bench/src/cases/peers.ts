import type { Bench, BenchCase } from '../bench-case.ts';
import type { Contender } from '../contender.ts';
import { race, unitsOf, type Course, type Pair } from '../measure.ts';
import { openGraphileWorker, openPgBoss } from '../postgres/peers.ts';
import { postgres } from '../postgres/subject.ts';
import { openCallers, seedStore } from '../product.ts';
import { resultOf, type Result } from '../result.ts';

const PEERS = { 'pg-boss': openPgBoss, 'graphile-worker': openGraphileWorker } as const;

/** By number of callers. */
const COURSES: ReadonlyMap<number, Course> = new Map([
  [1, { turns: 5, unitsPerTurn: 100 }],
  [50, { turns: 5, unitsPerTurn: 300 }],
]);

/** Other queues, on the same server with the same durability: what a team would use otherwise. For the record. */
export const peers: BenchCase = {
  name: 'postgres-peers',
  async run(bench) {
    const results: Result[] = [];
    for (const [callers, course] of COURSES) results.push(...(await meetPeers(bench, callers, course)));
    return results;
  },
};

async function meetPeers({ rounds, log, server }: Bench, callers: number, course: Course): Promise<Result[]> {
  const host = await server();
  const subject = postgres(host);
  const seed = await seedStore(subject, 'seed', unitsOf(course));
  const names = Object.keys(PEERS);
  const pairs = new Map<string, Pair[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const contenders: Contender[] = [await openCallers(await subject.copy(seed, 'ours'), callers)];
    for (const [at, open] of Object.values(PEERS).entries())
      contenders.push(await open(await host.createDatabase(`peer${at}`), callers, unitsOf(course) + callers));
    const [ours = Number.NaN, ...others] = await race(contenders, course, round);
    for (const contender of contenders) await contender.close();
    for (const [at, name] of names.entries()) {
      const floor = others[at] ?? Number.NaN;
      pairs.get(name)?.push({ ours, floor });
      const ratio = (ours / floor).toFixed(2);
      log(`  round ${round + 1}: ${ours.toFixed(0)} / ${name} ${floor.toFixed(0)} per second = ${ratio}`);
    }
  }
  await subject.remove(seed);
  return [...pairs].map(([name, rates]) =>
    resultOf(
      {
        name: `Postgres: ${callers === 1 ? 'one caller' : `${callers} callers`}`,
        unit: 'units/s',
        against: `${name}, the same`,
      },
      rates,
    ),
  );
}
