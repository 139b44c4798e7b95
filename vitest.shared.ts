import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultServerConditions } from 'vite';
import { defineProject, type UserWorkspaceConfig } from 'vitest/config';

/** Workspace packages are loaded from their TypeScript source, so tests need no build. */
const sourceCondition = '@agent-orchestrator/source';

const conditions = [sourceCondition, ...defaultServerConditions];

/*
 * The tests start some thousand processes, most of them of the same program: what Node compiled for one is kept for the
 * others until the run ends. This module is loaded once for each project.
 */
process.env['NODE_COMPILE_CACHE'] ??= newFolder('compiled-');
// What an orchestrator keeps on the machine, such as the counts of refusals, is not kept in the home of the developer.
process.env['OPENCLAW_STATE_DIR'] ??= newFolder('state-');

function newFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), name));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

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
      testTimeout: 60_000,
      hookTimeout: 60_000,
      ...further,
    },
  });
}
