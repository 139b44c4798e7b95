import { counted, type Compared, type CopyProgress } from '@agent-orchestrator/runtime';
import type { Output } from '../output/output.ts';

/** A shorter copy needs no progress lines. */
const TELL_MS = 1_000;

/** Names of the rows of each table, for people. */
const NAMES = {
  sessions: 'sessions',
  tasks: 'tasks',
  agents: 'agents',
  dependencies: 'dependencies',
  dependency_ends: 'dependencies that ended',
  event_log: 'events',
  receipts: 'receipts',
} as const;

/** Prints the progress of a copy once a second. */
export function progressLines(output: Output): (progress: CopyProgress) => void {
  let toldAt = performance.now();
  return (progress) => {
    if (output.format !== 'text' || performance.now() - toldAt < TELL_MS) return;
    toldAt = performance.now();
    output.chatter(progressLine(progress));
  };
}

function progressLine({ step, table, done, of }: CopyProgress): string {
  if (step === 'verifying') return 'verifying the log';
  return `${step}: ${done} of ${of} ${table === null ? 'rows' : NAMES[table]}`;
}

/** What was copied, and that the copy is complete. */
export function copiedLines({ rows, digest }: Compared): string[] {
  const { sessions, tasks, agents, dependencies, event_log: events, receipts } = rows;
  const rowCounts = [
    counted(sessions, 'session'),
    counted(tasks, 'task'),
    ...(agents > 0 ? [counted(agents, 'agent')] : []),
    ...(dependencies === 0 ? [] : [`${dependencies} ${dependencies === 1 ? 'dependency' : 'dependencies'}`]),
    counted(events, 'event'),
    counted(receipts, 'receipt'),
  ];
  return [
    `copied: ${rowCounts.join(', ')}`,
    'verified: all rows are the same, the chains are complete, the state matches the log',
    `digest: ${digest}`,
  ];
}
