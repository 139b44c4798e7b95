import { addresseeName, type HandOff } from '@agent-orchestrator/runtime';
import { printable, shorten } from '../output/printable.ts';
import { relative } from '../output/time.ts';

type HandOffParts = Pick<
  HandOff,
  'assignee' | 'role' | 'handedOffBy' | 'handedOffAt' | 'returnAt' | 'returnsTo' | 'returnedFrom'
>;

/** Whose turn it is, who handed the task off and when, and whether it came back; null: it was not handed off. */
export function handOffText(task: HandOffParts, now: number): string | null {
  const { assignee, role, handedOffBy, handedOffAt, returnAt, returnsTo, returnedFrom } = task;
  if (handedOffBy === null || handedOffAt === null) return null;
  const age = relative(handedOffAt, now);
  const to = assignee ?? `role ${role ?? ''}`;
  if (returnedFrom !== null) return `back at ${to}: ${addresseeName(returnedFrom)} did not claim it, handed off ${age}`;
  const back =
    returnAt === null || returnsTo === null ? '' : `, ${returnText(returnAt, now)} to ${addresseeName(returnsTo)}`;
  return `for ${to}, handed off by ${handedOffBy} ${age}${back}`;
}

/** The next claim, or a recovery, gives it back: nothing does so at the time itself. */
function returnText(returnAt: number, now: number): string {
  return returnAt <= now ? 'goes back with the next claim' : `goes back ${relative(returnAt, now)}`;
}

/** The note for the next holder, after other words. */
export function noteText(note: string | null): string {
  return note === null ? '' : `  note: ${shorten(printable(note), 80)}`;
}
