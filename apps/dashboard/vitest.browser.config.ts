import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { projectConfig } from '../../vitest.shared.ts';

/**
 * What needs a browser: `npm run test:browser`, and `npm run measure:dashboard` for what it costs, which takes minutes
 * and the whole machine. The server of Postgres is that of the repository's tests.
 */
export default defineConfig({
  test: {
    projects: [
      projectConfig('dashboard-browser', {
        root: fileURLToPath(new URL('.', import.meta.url)),
        include: ['test/browser/*.{browser,measured}.ts'],
        globalSetup: ['../../tests/support/postgres-server.ts'],
        testTimeout: 60_000,
        hookTimeout: 60_000,
      }),
    ],
    reporters: ['default', fileURLToPath(new URL('../../scripts/vitest-counts.ts', import.meta.url))],
  },
});
