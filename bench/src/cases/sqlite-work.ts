import { onSqlite } from '../places/index.ts';
import { raceCase } from './race-case.ts';

/** What one claim and one release make the processor do, however long they wait for it and for the disk. */
export const sqliteWork = raceCase({
  name: 'sqlite-work',
  place: onSqlite,
  runs: {
    ours: { contestant: 'ours', tasks: 8_000 },
    raw: { contestant: 'raw SQLite', tasks: 40_000 },
  },
  lines: [
    {
      id: 'client',
      title: 'SQLite, one caller, NORMAL',
      measure: 'client',
      ours: 'ours',
      other: 'raw',
      against: 'raw floor, one caller, NORMAL',
      target: { of: 'ours', limit: 220 },
      isChecked: true,
    },
  ],
});
