/** The journals of workers (the calls that they sent, and the answers), and their comparison with the log. */
export { attemptsOf, commandKey, groupByCommandId, namespaceOf, type Attempt, type IssuedCommand } from './attempt.ts';
export { claimsIn } from './claims-in.ts';
export { parseJournal, type Followed, type Journal, type JournalLine } from './journal.ts';
export { withFence, withoutToken, type JournaledCallName, type Calls, type JournaledClaim } from './journaled.ts';
export { LogComparison, type MissingOperation } from './log-comparison.ts';
export { describeMissing, missingAttempts, missingOperations, oncePerCommand } from './missing-operations.ts';
export { promisedEffects, type LoggedEvent, type PromisedEffect } from './promised-effects.ts';
