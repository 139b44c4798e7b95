export { checkInvariants, type CheckedRun } from './check-invariants.ts';
export type { Tolerances } from './history.ts';
export { parseJournal, type CallName, type Calls, type Journal, type JournalLine } from './journal.ts';
export { JournalledCalls, type JournalledCallsOptions } from './journalled-calls.ts';
export { INVARIANTS, type Invariant, type Violation } from './violation.ts';
