import { onSqlite } from '../places/index.ts';
import { raceCase } from './race-case.ts';

const OURS = 20_000;
const OTHERS = 25_000;

/** What callers in one process gain by sharing a commit: the disk's time counts once for all of them. */
export const sqliteFiftyCallers = raceCase({
  name: 'sqlite-fifty-callers',
  place: onSqlite,
  runs: {
    'ours, FULL': { contestant: 'ours', synchronous: 'FULL', callers: 50, tasks: OURS },
    plainjob: { contestant: 'plainjob', tasks: OTHERS },
  },
  lines: [
    {
      id: 'full',
      title: 'SQLite, 50 callers, FULL',
      measure: 'rate',
      ours: 'ours, FULL',
      other: 'plainjob',
      against: 'plainjob, one caller, NORMAL',
      target: { of: 'ratio', limit: 0.8 },
      isChecked: true,
    },
  ],
});
