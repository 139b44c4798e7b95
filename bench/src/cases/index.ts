import type { BenchCase } from '../bench-case.ts';
import { agentHooks } from './agent-hooks.ts';
import { backlogs } from './backlog.ts';
import { commandLine } from './command-line.ts';
import { dependencies } from './dependencies.ts';
import { postgresIdle, sqliteIdle } from './idle.ts';
import { postgresBatches } from './postgres-batches.ts';
import { postgresFiftyCallers } from './postgres-fifty-callers.ts';
import { postgresFourProcesses } from './postgres-four-processes.ts';
import { postgresOldSnapshot } from './postgres-old-snapshot.ts';
import { postgresOneCaller } from './postgres-one-caller.ts';
import { postgresWork } from './postgres-work.ts';
import { sqliteBatches } from './sqlite-batches.ts';
import { sqliteClaimNext } from './sqlite-claim-next.ts';
import { sqliteEnqueue } from './sqlite-enqueue.ts';
import { sqliteFiftyCallers } from './sqlite-fifty-callers.ts';
import { sqliteFourProcesses } from './sqlite-four-processes.ts';
import { sqliteOneCaller } from './sqlite-one-caller.ts';
import { sqliteSize } from './sqlite-size.ts';
import { sqliteWork } from './sqlite-work.ts';
import { verify, verifyLarge } from './verify.ts';
import { postgresWake, sqliteWake } from './wake.ts';

/** All that is measured, in the order of the table. */
export const CASES: readonly BenchCase[] = [
  sqliteOneCaller,
  sqliteClaimNext,
  sqliteFiftyCallers,
  sqliteBatches,
  sqliteFourProcesses,
  sqliteEnqueue,
  sqliteWork,
  sqliteSize,
  postgresOneCaller,
  postgresFiftyCallers,
  postgresFourProcesses,
  postgresBatches,
  postgresWork,
  sqliteWake,
  postgresWake,
  sqliteIdle,
  postgresIdle,
  verify,
  commandLine,
  agentHooks,
  verifyLarge,
  ...backlogs,
  ...dependencies,
  postgresOldSnapshot,
];
