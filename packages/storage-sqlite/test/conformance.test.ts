import { conformance } from '@agent-orchestrator/storage-conformance';
import { attacks } from './attacks.ts';
import { openTarget, reopen, type OpenedSqlite } from './open-target.ts';

conformance<OpenedSqlite>({
  name: 'storage-sqlite',
  open: openTarget,
  reopen,
  child: { module: new URL('child.ts', import.meta.url), address: ({ path }) => path },
  attacks,
});
