import { onPostgres } from '../places/index.ts';
import { raceCase } from './race-case.ts';

const FIFTY = { callers: 50, tasks: 20_000 } as const;

/** What callers in one process gain by sharing round trips and commits. */
export const postgresFiftyCallers = raceCase({
  name: 'postgres-fifty-callers',
  place: onPostgres,
  pace: { turns: 9, turnMs: 400 },
  runs: {
    ours: { ...FIFTY, contestant: 'ours' },
    'graphile-worker': { ...FIFTY, contestant: 'graphile-worker' },
    'pg-boss': { ...FIFTY, contestant: 'pg-boss' },
  },
  lines: [
    {
      id: 'graphile-worker',
      title: 'Postgres, 50 callers',
      measure: 'rate',
      ours: 'ours',
      other: 'graphile-worker',
      against: 'graphile-worker, 50 callers',
      target: { of: 'ratio', limit: 1.5 },
      isChecked: true,
    },
    {
      id: 'pg-boss',
      title: 'Postgres, 50 callers',
      measure: 'rate',
      ours: 'ours',
      other: 'pg-boss',
      against: 'pg-boss, 50 callers',
      isChecked: true,
    },
  ],
});
