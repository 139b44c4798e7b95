import { CHAIN_START, hashEvent, type Event } from '@agent-orchestrator/core';
import { name, type History } from './history.ts';
import { violation, type Violation } from './violation.ts';

/**
 * I9. A stream's events are numbered 1, 2, 3 …, each tied to the one before by its hash, and their times never go back.
 */
export function chainsHold({ events, streams }: History): Violation[] {
  return [...idsAreUnique(events), ...streams.flatMap(checkStream)];
}

function idsAreUnique(events: readonly Event[]): Violation[] {
  return events.flatMap((event, at) =>
    event.id === events[at - 1]?.id ? violation('I9', [event], `the event id ${event.id} was given twice.`) : [],
  );
}

/** Stops at the first fault: the events after it continue a broken chain. */
function checkStream(events: readonly Event[]): Violation[] {
  let before: Event | null = null;
  for (const event of events) {
    const problem = problemOf(event, before);
    if (problem !== null) return [violation('I9', [event], `${name(event)} ${problem}`)];
    before = event;
  }
  return [];
}

function problemOf(event: Event, before: Event | null): string | null {
  const { id: _id, hash, ...hashed } = event;
  const seq = (before?.seq ?? 0) + 1;
  if (event.seq !== seq) return `is at the place of number ${seq}.`;
  if (event.prevHash !== (before?.hash ?? CHAIN_START)) return 'does not have the hash of the event before it.';
  if (hash !== hashEvent(hashed)) return 'was changed after it was written.';
  if (before !== null && event.at < before.at) return `is dated ${before.at - event.at} ms before ${name(before)}.`;
  return null;
}
