import type { Compared, CopyProgress } from '@agent-orchestrator/runtime';
import type { Output } from '../output/output.ts';

/** What is done sooner than this needs no words about how far it has come. */
const TELL_MS = 1_000;

/** What people call the rows of each table. */
const NAMES = { sessions: 'sessions', tasks: 'tasks', event_log: 'events', receipts: 'receipts' } as const;

/** Tells a person from time to time how far a copy has come. */
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

/** What was copied, and how it is known to be whole. */
export function copiedLines({ rows, digest }: Compared): string[] {
  const { sessions, tasks, event_log: events, receipts } = rows;
  return [
    `${sessions} sessions, ${tasks} tasks, ${events} events, ${receipts} receipts: row for row the same, chains whole, state = log`,
    `digest: ${digest}`,
  ];
}
