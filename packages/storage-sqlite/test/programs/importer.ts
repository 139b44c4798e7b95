/** Imports an old database, and leaves what came of it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OrchestratorError } from '@agent-orchestrator/core';
import { importLegacy } from '../../src/index.ts';
import { leave, settings } from './parent.ts';

const { folder, path } = settings() as { readonly folder: string; readonly path: string };

const outcome = importLegacy({ path, apply: true }).then(
  (result) => result.outcome,
  (error: unknown) => (error instanceof OrchestratorError ? error.code : String(error)),
);
writeFileSync(join(folder, 'outcome'), await outcome);
leave();
