import { openOrchestrator, type Orchestrator } from '@agent-orchestrator/runtime';
import { addClaimable, BACKLOGS, fill, type Backlog } from '../backlogs.ts';
import { amountOf } from '../amount.ts';
import type { Bench, BenchCase, Rounds } from '../bench-case.ts';
import { onPostgres, onSqlite } from '../places/index.ts';
import type { Place } from '../places/place.ts';
import { roundOfClaims, timedClaims } from '../timed-claims.ts';

const SMALL = { whole: 1_000, few: 200 } as const;
/** As many as wait in the small store; each turn adds what it took. */
const WANTED_TASKS = { whole: 1_000, few: 100 } as const;
const WARM_UP_CLAIMS = { whole: 100, few: 10 } as const;

/** Where the stores are, and how long it takes to fill them. */
interface Filled {
  readonly store: string;
  readonly placeOf: (bench: Bench) => Promise<Place>;
  readonly beginSeconds: number;
}

const IN_SQLITE: Filled = { store: 'SQLite', placeOf: onSqlite, beginSeconds: 70 };
const IN_POSTGRES: Filled = { store: 'Postgres', placeOf: onPostgres, beginSeconds: 200 };

/** Whether a claim takes as long with a million tasks in the store as with a thousand: the time of the claim alone. */
function backlogCase({ store, placeOf, beginSeconds }: Filled, backlog: Backlog): BenchCase {
  const refill = (orchestrator: Orchestrator, tasks: readonly number[]): Promise<void> =>
    addClaimable(orchestrator, backlog, tasks);
  return {
    name: `${store.toLowerCase()}-backlog-${backlog.name}`,
    large: true,
    seconds: { begin: beginSeconds, round: 1 },
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
        round: async (round) => ({ claim: await roundOfClaims(bench, stores, { call: backlog.call, round, refill }) }),
        end: () => opened.disposeAsync(),
      };
    },
  };
}

/** A case for each shape in which waiting tasks could make a claim slow. */
export const backlogs: readonly BenchCase[] = [
  ...BACKLOGS.map((backlog) => backlogCase(IN_SQLITE, backlog)),
  ...BACKLOGS.map((backlog) => backlogCase(IN_POSTGRES, backlog)),
];
