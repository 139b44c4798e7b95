/** Imports an old database; kills itself as a step begins, if it is told to, and leaves what came of it otherwise. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OrchestratorError } from '@agent-orchestrator/core';
import { importLegacy } from '../../src/index.ts';
import { leave, settings } from './parent.ts';

const { folder, path, dieAt } = settings() as {
  readonly folder: string;
  readonly path: string;
  readonly dieAt?: string;
};

const outcome = importLegacy({
  path,
  apply: true,
  onProgress: ({ step }) => {
    if (step === dieAt) process.kill(process.pid, 'SIGKILL');
  },
}).then(
  (result) => result.outcome,
  (error: unknown) => (error instanceof OrchestratorError ? error.code : String(error)),
);
writeFileSync(join(folder, 'outcome'), await outcome);
leave();
