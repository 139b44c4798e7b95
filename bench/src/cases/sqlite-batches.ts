import { onSqlite } from '../places/index.ts';
import { raceCase } from './race-case.ts';

const OURS = 20_000;
const OTHERS = 25_000;

/** What an agent pays for a task when it claims and releases a hundred in one call. */
export const sqliteBatches = raceCase({
  name: 'sqlite-batches',
  place: onSqlite,
  pace: { turns: 9, turnMs: 400 },
  runs: {
    'ours, NORMAL': { contestant: 'ours, batches', tasks: OURS },
    plainjob: { contestant: 'plainjob', tasks: OTHERS },
  },
  lines: [
    {
      id: 'normal',
      title: 'SQLite, batches of 100, NORMAL',
      measure: 'rate',
      ours: 'ours, NORMAL',
      other: 'plainjob',
      against: 'plainjob, one caller, NORMAL',
      target: { of: 'ratio', limit: 0.8 },
      isChecked: true,
    },
  ],
});
