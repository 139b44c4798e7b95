import type { Offer } from '@agent-orchestrator/storage-conformance';
import { openPostgresRows, openPostgresStorage } from '../src/index.ts';
import { attacks } from './attacks.ts';
import type { OpenedPostgres } from './opened.ts';

/**
 * What the storage offers the suite, wherever its server stands; docs/conformance.md lists what is asked of it then.
 */
export const offer: Offer<OpenedPostgres> = {
  reopen: ({ url, clock }) => openPostgresStorage({ url, clock }),
  rows: {
    // To change the state of a store takes more rights than an agent has.
    open: ({ adminUrl }) => openPostgresRows({ url: adminUrl }),
    openFilling: ({ url, clock }, id) => openPostgresStorage({ url, clock, filling: id }),
  },
  child: { module: new URL('child.ts', import.meta.url), address: ({ url }) => url },
  attacks,
};
