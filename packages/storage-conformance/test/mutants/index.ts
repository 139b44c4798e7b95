import { agents } from './agents.ts';
import { connection } from './connection.ts';
import { dependencies } from './dependencies.ts';
import { followers } from './followers.ts';
import { leases } from './leases.ts';
import { locking } from './locking.ts';
import { handOffs } from './hand-offs.ts';
import { log } from './log.ts';
import type { Mutant } from './mutant.ts';
import { names } from './names.ts';
import { numbers } from './numbers.ts';
import { queue } from './queue.ts';
import { questions } from './questions.ts';
import { receipts } from './receipts.ts';
import { restart } from './restart.ts';
import { reviews } from './reviews.ts';
import { rowsFilling } from './rows-filling.ts';
import type { RowsMutant } from './rows-mutant.ts';
import { rowsRead } from './rows-read.ts';
import { secrets } from './secrets.ts';
import { sessions } from './sessions.ts';
import { signatures } from './signatures.ts';
import { storeStates } from './store-states.ts';
import { time } from './time.ts';

/** Storages that break a promise, each another one. */
export const MUTANTS: readonly Mutant[] = [
  ...agents,
  ...locking,
  ...log,
  ...queue,
  ...questions,
  ...dependencies,
  ...receipts,
  ...time,
  ...restart,
  ...handOffs,
  ...connection,
  ...followers,
  ...leases,
  ...names,
  ...numbers,
  ...secrets,
  ...sessions,
  ...reviews,
  ...signatures,
];

/** Rows, and stores with a state, that break a promise. */
export const ROWS_MUTANTS: readonly RowsMutant[] = [...rowsRead, ...rowsFilling, ...storeStates];
