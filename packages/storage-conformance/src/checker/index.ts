export { checkInvariants, type CheckedRun } from './check-invariants.ts';
export type { Tolerances } from './history.ts';
export { parseJournal } from './journal.ts';
export { INVARIANTS, type Invariant, type Violation } from './violation.ts';
