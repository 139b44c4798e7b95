import { CHAIN_START, hashEvent, type Event, type EventType } from '@agent-orchestrator/core';
import type { Journal, JournalLine } from '../src/index.ts';
import type { Run } from './checker-recorder.ts';

/** Which event is meant. */
export type Which = (event: Event) => boolean;

/** The events of a type; of a task or a session, if one is named. */
export function is(type: EventType, taskId?: string, sessionId?: string): Which {
  return (event) =>
    event.type === type &&
    (taskId === undefined || event.taskId === taskId) &&
    (sessionId === undefined || event.streamId === sessionId);
}

/** The first event that is meant. */
export function find({ events }: Run, which: Which): Event {
  const found = events.find(which);
  if (found === undefined) throw new Error('the fault cannot be planted: there is no such event');
  return found;
}

/** Takes out the first event that is meant. */
export function drop(run: Run, which: Which): Run {
  const dropped = find(run, which);
  return { ...run, events: run.events.filter((event) => event !== dropped) };
}

/** Changes the first event that is meant; fields of its payload too. */
export function edit(run: Run, which: Which, fields: Partial<Event>, payload: object = {}): Run {
  const edited = find(run, which);
  const changed = { ...edited, payload: mergePayload(edited, payload), ...fields };
  return { ...run, events: run.events.map((event) => (event === edited ? changed : event)) };
}

/** Puts an event after the first one that is meant: the same, but for these fields. */
export function insertAfter(run: Run, which: Which, fields: Partial<Event>, payload: object = {}): Run {
  const before = find(run, which);
  const added = { ...before, payload: mergePayload(before, payload), ...fields };
  return { ...run, events: run.events.flatMap((event) => (event === before ? [event, added] : [event])) };
}

/** Numbers, hashes and chains the whole log anew, as a forger would who wants it to look whole. */
export function forge(run: Run): Run {
  const last = new Map<string, Event>();
  const events = run.events.map((event, at) => {
    const key = `${event.namespace}\n${event.streamKind}\n${event.streamId}`;
    const before = last.get(key);
    const { id: _id, hash: _hash, ...fields } = event;
    const chained = { ...fields, seq: (before?.seq ?? 0) + 1, prevHash: before?.hash ?? CHAIN_START };
    const forged = { ...chained, id: at + 1, hash: hashEvent(chained) };
    last.set(key, forged);
    return forged;
  });
  return { ...run, events };
}

/** The log alone. */
export function withoutJournals({ events }: Run): Run {
  return { events, journals: [] };
}

/** Changes what an agent's first run wrote down. */
export function inJournalOf(run: Run, agent: string, change: (lines: Journal) => Journal): Run {
  const isMeant = (journal: Journal) => journal.some((line) => line.is === 'started' && line.agent === agent);
  const meant = run.journals.find(isMeant);
  if (meant === undefined) throw new Error(`the fault cannot be planted: ${agent} has no journal`);
  return { ...run, journals: run.journals.map((journal) => (journal === meant ? change(journal) : journal)) };
}

/** Changes the lines that are meant, and insists that there are some. */
export function editLines<Line extends JournalLine>(
  journal: Journal,
  isMeant: (line: JournalLine) => line is Line,
  change: (line: Line) => JournalLine,
): Journal {
  if (!journal.some(isMeant)) throw new Error('the fault cannot be planted: there is no such line');
  return journal.map((line) => (isMeant(line) ? change(line) : line));
}

function mergePayload(event: Event, payload: object): string {
  return JSON.stringify({ ...(JSON.parse(event.payload) as object), ...payload });
}
