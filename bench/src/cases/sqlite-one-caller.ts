import { onSqlite } from '../places/index.ts';
import { raceCase } from './race-case.ts';

const OURS = 10_000;
const OTHERS = 25_000;

/** What one agent pays for one claim and one release when it is alone. */
export const sqliteOneCaller = raceCase({
  name: 'sqlite-one-caller',
  place: onSqlite,
  runs: {
    'ours, NORMAL': { contestant: 'ours', tasks: OURS },
    plainjob: { contestant: 'plainjob', tasks: OTHERS },
    'raw, NORMAL': { contestant: 'raw SQLite', tasks: OTHERS },
    'ours, FULL': { contestant: 'ours', synchronous: 'FULL', tasks: OURS },
    'raw, FULL': { contestant: 'raw SQLite', synchronous: 'FULL', tasks: OTHERS },
  },
  lines: [
    {
      id: 'normal',
      title: 'SQLite, one caller, NORMAL',
      measure: 'rate',
      ours: 'ours, NORMAL',
      other: 'plainjob',
      against: 'plainjob, one caller, NORMAL',
      target: { of: 'ratio', limit: 0.5 },
      isChecked: true,
    },
    {
      id: 'normal-floor',
      title: 'SQLite, one caller, NORMAL',
      measure: 'rate',
      ours: 'ours, NORMAL',
      other: 'raw, NORMAL',
      against: 'raw floor, one caller, NORMAL',
      isChecked: true,
    },
    {
      id: 'full',
      title: 'SQLite, one caller, FULL',
      measure: 'rate',
      ours: 'ours, FULL',
      other: 'raw, FULL',
      against: 'raw floor, one caller, FULL',
      target: { of: 'ratio', limit: 0.8 },
      isChecked: true,
    },
  ],
});
