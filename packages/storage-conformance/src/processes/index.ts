/** What programs need that run in processes of their own: it loads no test runner. */
export type { JournaledCallName, Calls, Journal, JournalLine } from '@agent-orchestrator/core/journal';
export { JournaledCalls, type JournaledCallsOptions, type SentCalls } from '../checker/journaled-calls.ts';
export { newCommandId } from './command-id.ts';
export { forgetful } from './forgetful.ts';
export { allJournals, JournalFile } from './journal-file.ts';
export { pastOf, type Past } from './past.ts';
export { seedFor } from './seed.ts';
export { FAILPOINTS } from './failpoint.ts';
export type { Random } from './random.ts';
export { readEvents, type Figures, type ProcessReport } from './report.ts';
export { runProcesses } from './run-processes.ts';
export type { Incident, Machine, OpenProcess, ProcessRun } from './settings.ts';
