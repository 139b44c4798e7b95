import type { Offer } from '@agent-orchestrator/storage-conformance';
import { openSqliteRows, openSqliteStorage } from '../src/index.ts';
import { attacks } from './attacks.ts';
import type { OpenedSqlite } from './open-target.ts';

/** What the storage offers the suite; docs/conformance.md lists what is asked of it then. */
export const offer: Offer<OpenedSqlite> = {
  reopen: ({ path, clock }) => openSqliteStorage({ path, clock }),
  child: { module: new URL('child.ts', import.meta.url), address: ({ path }) => path },
  rows: {
    // Loaded late: `npm run docs` reads this file without vitest, whose hooks remove the stores.
    other: async () => (await import('./open-target.ts')).openTarget(),
    open: ({ path }, mode) => openSqliteRows({ path, mode }),
    openFilling: ({ path, clock }, filling) => openSqliteStorage({ path, clock, filling }),
  },
  attacks,
};
