import type { Event } from '@agent-orchestrator/core';
import { drop, edit, editLines, find, forge, inJournalOf, is } from '../checker-forgery.ts';
import { byId, claimsOf, isAnswerTo, log, type PlantedFault } from './planted-fault.ts';

/** The state that the log gives, and the chain of its events: I8 and I9. */
export const stateAndChain: readonly PlantedFault[] = [
  {
    invariant: 'I8',
    fault: 'a task is granted before the head',
    plant: log((day) => edit(day, is('task.queued', 'line-3'), {}, { priority: 1 })),
  },
  {
    invariant: 'I8',
    fault: 'a task was never queued',
    plant: log((day) => drop(day, is('task.queued', 'line-2'))),
  },
  {
    invariant: 'I8',
    fault: 'a task goes back that was handed off for good',
    plant: log((day) => edit(day, is('task.handed_off', 'back'), {}, { return_at: null })),
  },
  {
    invariant: 'I8',
    fault: 'a task goes back to another agent than the one that handed it off',
    plant: log((day) => edit(day, is('task.handed_back'), {}, { assignee: 'home-agent' })),
  },
  {
    invariant: 'I8',
    fault: 'a task goes back before its time',
    plant: log((day) => edit(day, is('task.handed_off', 'back'), {}, { return_at: 9_000_000_000_000 })),
  },
  {
    invariant: 'I8',
    fault: 'a session closes while a task in it is open',
    plant: log((day) =>
      edit(
        day,
        is('session.closed'),
        { streamId: 'theirs', sessionId: 'theirs', at: find(day, is('task.queued', 'theirs')).at, id: 10_000 },
        {},
      ),
    ),
  },
  {
    invariant: 'I8',
    fault: 'a takeover handed over another context than the last checkpoint',
    plant: (day) =>
      inJournalOf(day, 'home-agent', (lines) =>
        editLines(
          lines,
          isAnswerTo(lines, 'claim', ({ ok }) => ok),
          ({ reply, ...line }) => ({
            ...line,
            reply: { ok: true, claims: claimsOf(reply).map((claim) => ({ ...claim, context: null })) },
          }),
        ),
      ),
  },
  {
    invariant: 'I9',
    fault: 'an event in the middle is lost',
    plant: (day) => drop(day, is('lease.refused')),
  },
  {
    invariant: 'I9',
    fault: 'an event was changed after it was written',
    plant: (day) => edit(day, is('task.queued', 'line-2'), {}, { title: 'something else' }),
  },
  {
    invariant: 'I9',
    fault: 'an event was changed, and hashed anew, but not what follows on it',
    plant: (day) => {
      const { id, hash: _hash, ...event } = find(day, is('task.queued', 'line-2'));
      const forged = find(
        forge(edit(day, byId({ id } as Event), {}, { title: 'something else' })),
        ({ seq, streamId }) => seq === event.seq && streamId === event.streamId,
      );
      return edit(day, byId({ id } as Event), { payload: forged.payload, hash: forged.hash });
    },
  },
  {
    invariant: 'I9',
    fault: "a session's time goes back",
    plant: log((day) => edit(day, is('task.cancel_requested'), { at: 1 })),
  },
  {
    invariant: 'I9',
    fault: 'an event id was given twice',
    also: ['I8'],
    plant: (day) => edit(day, is('task.queued', 'theirs'), { id: find(day, is('task.queued', 'void')).id }),
  },
];
