export { checkInvariants, type CheckedRun } from './check-invariants.ts';
export type { Tolerances } from './history.ts';
export { parseJournal } from '@agent-orchestrator/core/journal';
export { INVARIANTS, type Invariant, type Violation } from './violation.ts';
