import { onPostgres } from '../places/index.ts';
import { raceCase } from './race-case.ts';

const OURS = 30_000;
const RAW = 8_000;
const PG_BOSS = 60_000;
/** The tuned worker fetches 200 at once, and may handle more than 60,000 in its first turn. */
const TUNED = 200_000;

/** What an agent pays for a task when it claims and releases a hundred in one call. */
export const postgresBatches = raceCase({
  name: 'postgres-batches',
  place: onPostgres,
  pace: { turns: 6, turnMs: 1_000 },
  runs: {
    ours: { contestant: 'ours, batches', tasks: OURS },
    raw: { contestant: 'raw Postgres', tasks: RAW },
    'pg-boss': { contestant: 'pg-boss, batches', tasks: PG_BOSS },
    'graphile-worker, tuned': { contestant: 'graphile-worker, tuned', tasks: TUNED },
  },
  lines: [
    {
      id: 'floor',
      title: 'Postgres, batches of 100',
      measure: 'rate',
      ours: 'ours',
      other: 'raw',
      against: 'raw floor, one by one',
      // 2.5 times the 2.3 that batches came to before the storages were rebuilt.
      target: { of: 'ratio', limit: 5.75 },
      isChecked: true,
    },
    {
      id: 'pg-boss',
      title: 'Postgres, batches of 100',
      measure: 'rate',
      ours: 'ours',
      other: 'pg-boss',
      against: 'pg-boss, batches of 100',
      isChecked: true,
    },
    {
      id: 'graphile-worker',
      title: 'Postgres, batches of 100',
      measure: 'rate',
      ours: 'ours',
      other: 'graphile-worker, tuned',
      against: 'graphile-worker, tuned',
      isChecked: true,
    },
  ],
});
