import { openOrchestrator, type Orchestrator } from '@agent-orchestrator/runtime';
import { BACKLOGS, fill, type Backlog } from '../backlogs.ts';
import { amountOf } from '../amount.ts';
import type { Bench, BenchCase, Rounds } from '../bench-case.ts';
import { onPostgres, onSqlite } from '../places/index.ts';
import type { Place } from '../places/place.ts';
import { roundOfClaims, timedClaims } from '../timed-claims.ts';

const SMALL = { whole: 1_000, few: 200 } as const;
/** Enough for all rounds of a case. */
const WANTED_TASKS = { whole: 3_000, few: 100 } as const;
const WARM_UP_CLAIMS = { whole: 100, few: 10 } as const;

/** Whether a claim takes as long with a million tasks in the store as with a thousand: the time of the claim alone. */
function backlogCase(store: string, placeOf: (bench: Bench) => Promise<Place>, backlog: Backlog): BenchCase {
  return {
    name: `${store.toLowerCase()}-backlog-${backlog.name}`,
    large: true,
    lines: [
      {
        id: 'claim',
        title: `${store}, claim beside a large backlog: ${backlog.title}`,
        unit: 'ms (p50)',
        against: `the same with ${SMALL.whole.toLocaleString('en')} tasks`,
        better: 'less',
        target: { of: 'ratio', limit: 1.25 },
        isChecked: true,
      },
    ],
    async begin(bench): Promise<Rounds> {
      const place = await placeOf(bench);
      await using begun = new AsyncDisposableStack();
      const open = async (tasks: number): Promise<Orchestrator> => {
        const fresh = begun.use(await place.fresh());
        const orchestrator = begun.use(await openOrchestrator(fresh.url));
        await fill(orchestrator, backlog, { tasks, wanted: amountOf(bench, WANTED_TASKS) });
        bench.log(`  ${tasks.toLocaleString('en')} ${backlog.title}`);
        await timedClaims(orchestrator, backlog.call, amountOf(bench, WARM_UP_CLAIMS));
        return orchestrator;
      };
      const stores = { other: await open(amountOf(bench, SMALL)), ours: await open(bench.backlog) };
      const opened = begun.move();
      return {
        round: async (number) => ({ claim: await roundOfClaims(bench, stores, { call: backlog.call, round: number }) }),
        end: () => opened.disposeAsync(),
      };
    },
  };
}

/** A case for each shape in which waiting tasks could make a claim slow. */
export const backlogs: readonly BenchCase[] = [
  ...BACKLOGS.map((backlog) => backlogCase('SQLite', onSqlite, backlog)),
  ...BACKLOGS.map((backlog) => backlogCase('Postgres', onPostgres, backlog)),
];
