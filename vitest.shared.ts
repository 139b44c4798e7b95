import { defaultServerConditions } from 'vite';
import { defineProject, type UserWorkspaceConfig } from 'vitest/config';

/** Workspace packages are loaded from their TypeScript source, so tests need no build. */
const sourceCondition = '@agent-orchestrator/source';

const conditions = [sourceCondition, ...defaultServerConditions];

/** What all projects have in common; `further` adds to it. */
export function projectConfig(name: string, further: UserWorkspaceConfig['test'] = {}) {
  return defineProject({
    resolve: { conditions },
    // Of global setups too, which have an environment of their own.
    plugins: [{ name: 'from-source', configEnvironment: () => ({ resolve: { conditions } }) }],
    test: {
      name,
      include: ['test/**/*.test.ts', '*.test.ts'],
      pool: 'forks',
      // Generous, because a busy machine is not a bug; a test about time says so with a limit of its own.
      testTimeout: 20_000,
      hookTimeout: 20_000,
      ...further,
    },
  });
}
