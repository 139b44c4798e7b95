import { onSqlite } from '../places/index.ts';
import { raceCase } from './race-case.ts';

const OURS = 10_000;
const OTHERS = 25_000;

/** What an agent pays that releases a task and claims the next one in the same call. */
export const sqliteClaimNext = raceCase({
  name: 'sqlite-claim-next',
  place: onSqlite,
  runs: {
    'ours, NORMAL': { contestant: 'ours, claim next', tasks: OURS },
    plainjob: { contestant: 'plainjob', tasks: OTHERS },
    'ours, FULL': { contestant: 'ours, claim next', synchronous: 'FULL', tasks: OURS },
    'raw, FULL': { contestant: 'raw SQLite', synchronous: 'FULL', tasks: OTHERS },
  },
  lines: [
    {
      id: 'normal',
      title: 'SQLite, claimNext, NORMAL',
      measure: 'rate',
      ours: 'ours, NORMAL',
      other: 'plainjob',
      against: 'plainjob, one caller, NORMAL',
      target: { of: 'ratio', limit: 0.5 },
      isChecked: true,
    },
    {
      id: 'full',
      title: 'SQLite, claimNext, FULL',
      measure: 'rate',
      ours: 'ours, FULL',
      other: 'raw, FULL',
      against: 'raw floor, one caller, FULL',
      target: { of: 'ratio', limit: 0.8 },
      isChecked: true,
    },
  ],
});
