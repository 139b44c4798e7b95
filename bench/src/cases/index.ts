import type { BenchCase } from '../bench-case.ts';
import { backlogCase } from './backlog.ts';
import { batches } from './batches.ts';
import { enqueue } from './enqueue.ts';
import { fiftyCallers } from './fifty-callers.ts';
import { fourProcesses } from './four-processes.ts';
import { idle } from './idle.ts';
import { oneCaller } from './one-caller.ts';
import { wake } from './wake.ts';

/** All that is measured, in the order in which it is told. */
export const CASES: readonly BenchCase[] = [
  oneCaller,
  fiftyCallers,
  fourProcesses,
  enqueue,
  batches,
  backlogCase,
  wake,
  idle,
];
