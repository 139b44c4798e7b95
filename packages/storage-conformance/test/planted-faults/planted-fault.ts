import type { Event, EventPayloads } from '@agent-orchestrator/core';
import type { Calls, Invariant, Journal, JournalLine } from '../../src/index.ts';
import { find, forge, is, withoutJournals } from '../checker-forgery.ts';
import type { Run } from '../checker-recorder.ts';

export interface PlantedFault {
  readonly invariant: Invariant;
  readonly fault: string;
  /** What else it breaks, because one fact hangs on the other. */
  readonly also?: readonly Invariant[];
  readonly plant: (day: Run) => Run;
}

export const NEW_FENCE = 9_000_000_000_000_000;

/** The event that ended the lease of line-2, and the grant of the lease that followed. */
export const lost = (day: Run) => find(day, is('lease.taken_over', 'line-2'));
export const successor = (day: Run) => find(day, ({ id }) => id === lost(day).id + 1);
/** This event, whatever its fields are by now. */
export const byId =
  ({ id }: Event) =>
  (event: Event) =>
    event.id === id;
/** Changes the log alone: there are no journals beside it. */
export const log = (plant: (day: Run) => Run) => (day: Run) => forge(plant(withoutJournals(day)));
/** Changes the log; the journals beside it tell what was really acknowledged. */
export const both = (plant: (day: Run) => Run) => (day: Run) => forge(plant(day));

export type Answered = Extract<JournalLine, { is: 'answered' }>;

/** The answers to calls of a name, by what they say. */
export function isAnswerTo(lines: Journal, command: keyof Calls, fits: (reply: Answered['reply']) => boolean) {
  const calls = new Set(lines.flatMap((line) => (line.is === 'sent' && line.command === command ? line.call : [])));
  return (line: JournalLine): line is Answered => line.is === 'answered' && calls.has(line.call) && fits(line.reply);
}

export function claimsOf(reply: Answered['reply']) {
  return reply.ok && 'claims' in reply ? reply.claims : [];
}

export function turnOf(payload: string): number {
  return (JSON.parse(payload) as EventPayloads['session.checkpointed']).turn;
}
