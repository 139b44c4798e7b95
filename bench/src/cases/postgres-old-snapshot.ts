import postgres from 'postgres';
import { openOrchestrator, type Orchestrator } from '@agent-orchestrator/runtime';
import { amountOf } from '../amount.ts';
import type { BenchCase, Rounds } from '../bench-case.ts';
import { portionsOf } from '../tasks.ts';
import { roundOfClaims, timedClaims } from '../timed-claims.ts';

/** What a busy team gets done in ten minutes: ten tasks a second. */
const UNITS = { whole: 6_000, few: 60 } as const;
/** Enough for all rounds. */
const BACKLOG = { whole: 5_000, few: 200 } as const;

/**
 * Whether a claim is slower while a transaction is open that began before the work of ten minutes and still reads, as a
 * forgotten `psql` or a dump does. Not the time makes a claim slow but what was done meanwhile: of each head that was
 * taken an entry stays in the index, because the old snapshot could still look at it. So that work is done at once.
 */
export const postgresOldSnapshot: BenchCase = {
  name: 'postgres-old-snapshot',
  large: true,
  seconds: { begin: 60, round: 1 },
  lines: [
    {
      id: 'claim',
      title: 'Postgres, claim beside a ten-minute-old snapshot',
      unit: 'ms (p50)',
      against: 'the same without it',
      better: 'less',
      isChecked: true,
    },
  ],
  async begin(bench): Promise<Rounds> {
    const place = await bench.server();
    const [units, backlog] = [amountOf(bench, UNITS), amountOf(bench, BACKLOG)];
    await using begun = new AsyncDisposableStack();
    const open = async (hasSnapshot: boolean): Promise<Orchestrator> => {
      const { url } = begun.use(await place.fresh());
      const orchestrator = begun.use(await openOrchestrator(url));
      await enqueue(orchestrator, backlog);
      if (hasSnapshot) {
        const sql = begun.adopt(postgres(url, { max: 1, onnotice: () => {} }), (one) => one.end());
        await sql.unsafe('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
        await sql.unsafe('SELECT count(*) FROM pg_class');
      }
      // In front of the backlog, where every claim begins.
      await enqueue(orchestrator, units, 0);
      await timedClaims(orchestrator, {}, units);
      bench.log(`  worked ${hasSnapshot ? 'beside a snapshot' : 'without one'}`);
      return orchestrator;
    };
    const stores = { other: await open(false), ours: await open(true) };
    const opened = begun.move();
    return {
      round: async (number) => ({ claim: await roundOfClaims(bench, stores, { call: {}, round: number }) }),
      end: () => opened.disposeAsync(),
    };
  },
};

async function enqueue(orchestrator: Orchestrator, tasks: number, priority?: number): Promise<void> {
  for (const portion of portionsOf(tasks))
    await orchestrator.enqueueTasks(
      portion.map((at) => ({ title: `Task ${at}`, ...(priority !== undefined && { priority }) })),
    );
}
