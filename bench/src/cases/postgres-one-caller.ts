import { onPostgres } from '../places/index.ts';
import { raceCase } from './race-case.ts';

const TASKS = 4_000;

/** What one agent pays for one claim and one release: most of it is waiting for answers and for the disk. */
export const postgresOneCaller = raceCase({
  name: 'postgres-one-caller',
  place: onPostgres,
  pace: { turns: 9, turnMs: 400 },
  runs: {
    ours: { contestant: 'ours', tasks: TASKS },
    'graphile-worker': { contestant: 'graphile-worker', tasks: TASKS },
    'pg-boss': { contestant: 'pg-boss', tasks: TASKS },
    raw: { contestant: 'raw Postgres', tasks: TASKS },
  },
  lines: [
    {
      id: 'graphile-worker',
      title: 'Postgres, one caller',
      measure: 'rate',
      ours: 'ours',
      other: 'graphile-worker',
      against: 'graphile-worker, one caller',
      target: { of: 'ratio', limit: 0.35 },
      isChecked: true,
    },
    {
      id: 'pg-boss',
      title: 'Postgres, one caller',
      measure: 'rate',
      ours: 'ours',
      other: 'pg-boss',
      against: 'pg-boss, one caller',
      isChecked: true,
    },
    {
      id: 'floor',
      title: 'Postgres, one caller',
      measure: 'rate',
      ours: 'ours',
      other: 'raw',
      against: 'raw floor, one caller',
      isChecked: true,
    },
  ],
});
