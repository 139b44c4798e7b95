import { onPostgres } from '../places/index.ts';
import { raceCase } from './race-case.ts';

const FORTY = { processes: 4, callers: 10, tasks: 20_000 } as const;

/** What a team pays whose agents run in several processes, each with several callers. */
export const postgresFourProcesses = raceCase({
  name: 'postgres-four-processes',
  place: onPostgres,
  pace: { turns: 9, turnMs: 500 },
  runs: {
    ours: { ...FORTY, contestant: 'ours' },
    'graphile-worker': { ...FORTY, contestant: 'graphile-worker' },
  },
  lines: [
    {
      id: 'graphile-worker',
      title: 'Postgres, 4 processes × 10 callers',
      measure: 'rate',
      ours: 'ours',
      other: 'graphile-worker',
      against: 'graphile-worker, 4 processes × 10 callers',
      target: { of: 'ratio', limit: 1 },
      isChecked: true,
    },
    {
      id: 'fair',
      title: 'Postgres, 4 processes × 10 callers, the process that did least',
      measure: 'leastUnits',
      ours: 'ours',
      other: 'ours',
      otherMeasure: 'mostUnits',
      against: 'the process that did most',
      target: { of: 'ratio', limit: 0.5 },
      isChecked: true,
    },
  ],
});
