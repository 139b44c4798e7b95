import type { Offer } from '@agent-orchestrator/storage-conformance';
import { openPostgresRows, openPostgresStorage } from '../src/index.ts';
import { attacks } from './attacks.ts';
import { CaseDatabases } from './case-databases.ts';
import type { OpenedPostgres } from './opened.ts';

/** What the storage offers the suite, wherever its server is. */
export function offerOf(databases: CaseDatabases): Offer<OpenedPostgres> {
  return {
    reopen: ({ url, clock }) => openPostgresStorage({ url, clock }),
    rows: {
      // To change the state of a store takes more rights than an agent has.
      open: ({ adminUrl }, mode) => openPostgresRows({ url: adminUrl, mode }),
      other: () => databases.open(),
      openFilling: ({ url, clock }, id) => openPostgresStorage({ url, clock, filling: id }),
    },
    child: { module: new URL('child.ts', import.meta.url), address: ({ url }) => url },
    attacks,
  };
}

/** The same on the server of the run; docs/conformance.md lists what is asked of it then. */
export const offer: Offer<OpenedPostgres> = offerOf(new CaseDatabases());
