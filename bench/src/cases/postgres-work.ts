import { onPostgres } from '../places/index.ts';
import { raceCase } from './race-case.ts';

/** What one claim and one release make both ends do, however long they wait: processor time, and bytes of the log. */
export const postgresWork = raceCase({
  name: 'postgres-work',
  place: onPostgres,
  // The system counts the server's time in ticks of 10 ms.
  pace: { turns: 4, turnMs: 2_000 },
  runs: {
    ours: { contestant: 'ours', tasks: 6_000 },
    raw: { contestant: 'raw Postgres', tasks: 10_000 },
  },
  lines: [
    {
      id: 'client',
      title: 'Postgres, one caller',
      measure: 'client',
      ours: 'ours',
      other: 'raw',
      against: 'raw floor, one caller',
      target: { of: 'ours', limit: 600 },
      isChecked: true,
    },
    {
      id: 'server',
      title: 'Postgres, one caller',
      measure: 'server',
      ours: 'ours',
      other: 'raw',
      against: 'raw floor, one caller',
      target: { of: 'ours', limit: 900 },
      isChecked: true,
    },
    {
      id: 'wal',
      title: 'Postgres, one caller',
      measure: 'wal',
      ours: 'ours',
      other: 'raw',
      against: 'raw floor, one caller',
      target: { of: 'ours', limit: 3_600 },
      isChecked: true,
    },
  ],
});
