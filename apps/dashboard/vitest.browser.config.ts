import { fileURLToPath } from 'node:url';
import { projectConfig } from '../../vitest.shared.ts';

/** What needs a browser. Another project than the rest, so that only its tests start a server of Postgres. */
export default projectConfig('dashboard-browser', {
  root: fileURLToPath(new URL('.', import.meta.url)),
  include: ['test/browser/*.slow.test.ts'],
  globalSetup: ['../../tests/support/postgres-server.ts'],
  testTimeout: 60_000,
  hookTimeout: 60_000,
});
