import { onSqlite } from '../places/index.ts';
import { raceCase } from './race-case.ts';

const FOUR = { processes: 4 } as const;
const OURS = { ...FOUR, contestant: 'ours', tasks: 20_000 } as const;
const OTHERS = { ...FOUR, tasks: 50_000 } as const;

/** What several processes pay for waiting for each other on one file, and whether one of them starves. */
export const sqliteFourProcesses = raceCase({
  name: 'sqlite-four-processes',
  place: onSqlite,
  pace: { turns: 9, turnMs: 400 },
  runs: {
    'ours, NORMAL': OURS,
    plainjob: { ...OTHERS, contestant: 'plainjob' },
    'ours, FULL': { ...OURS, synchronous: 'FULL' },
    'raw, FULL': { ...OTHERS, contestant: 'raw SQLite', synchronous: 'FULL' },
  },
  lines: [
    {
      id: 'normal',
      title: 'SQLite, 4 processes, NORMAL',
      measure: 'rate',
      ours: 'ours, NORMAL',
      other: 'plainjob',
      against: 'plainjob, 4 processes, NORMAL',
      target: { of: 'ratio', limit: 0.4 },
      isChecked: true,
    },
    {
      id: 'normal-p99',
      title: 'SQLite, 4 processes, NORMAL',
      measure: 'p99',
      ours: 'ours, NORMAL',
      other: 'plainjob',
      against: 'plainjob, 4 processes, NORMAL',
      target: { of: 'ours', limit: 12 },
      // The p99 of so short a run swings by more than the margin.
      isChecked: false,
    },
    {
      id: 'full',
      title: 'SQLite, 4 processes, FULL',
      measure: 'rate',
      ours: 'ours, FULL',
      other: 'raw, FULL',
      against: 'raw floor, 4 processes, FULL',
      target: { of: 'ratio', limit: 0.5 },
      isChecked: true,
    },
    {
      id: 'full-p99',
      title: 'SQLite, 4 processes, FULL',
      measure: 'p99',
      ours: 'ours, FULL',
      other: 'raw, FULL',
      against: 'raw floor, 4 processes, FULL',
      target: { of: 'ours', limit: 45 },
      isChecked: false,
    },
    {
      id: 'fair',
      title: 'SQLite, 4 processes, FULL, the process that did least',
      measure: 'leastUnits',
      ours: 'ours, FULL',
      other: 'ours, FULL',
      otherMeasure: 'mostUnits',
      against: 'the process that did most',
      target: { of: 'ratio', limit: 0.5 },
      isChecked: true,
    },
    {
      id: 'floor-fair',
      title: 'SQLite, raw floor that waits inside SQLite, the process that did least',
      measure: 'leastUnits',
      ours: 'raw, FULL',
      other: 'raw, FULL',
      otherMeasure: 'mostUnits',
      against: 'the process that did most',
      // For the record: what the product avoids.
      isChecked: false,
    },
  ],
});
