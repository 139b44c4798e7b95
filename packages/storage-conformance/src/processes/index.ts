export { JournalFile } from './journal-file.ts';
export { readEvents, type Figures, type ProcessReport } from './report.ts';
export { runProcesses } from './run-processes.ts';
export type { OpenProcess, ProcessRun } from './settings.ts';
