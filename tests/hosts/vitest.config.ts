import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

const conditions = ['@agent-orchestrator/source', ...defaultServerConditions];

/** The real agent hosts, from the registry of npm: `npm run test:hosts`. No other command runs them. */
export default defineConfig({
  root: import.meta.dirname,
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    name: 'hosts',
    include: ['*.hosts.ts'],
    pool: 'forks',
    // They are whole programs, and share the machine.
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
});
