import { conformance } from '@agent-orchestrator/storage-conformance';
import { attacks } from './attacks.ts';
import { openTarget, reopen, type OpenedPostgres } from './open-target.ts';

conformance<OpenedPostgres>({
  name: 'storage-postgres',
  open: openTarget,
  reopen,
  child: { module: new URL('child.ts', import.meta.url), address: ({ url }) => url },
  attacks,
  // The long walk is in conformance.slow.test.ts.
  walk: { steps: 300 },
});
