import type { Event, EventPayloads } from '@agent-orchestrator/core';
import type { JournalLine } from '../../src/index.ts';
import { edit, editLines, find, inJournalOf, is } from '../checker-forgery.ts';
import type { Run } from '../checker-recorder.ts';
import { both, byId, claimsOf, isAnswerTo, log, lost, type PlantedFault } from './planted-fault.ts';

/** Attempts and interruptions, takeovers and recoveries, and work that is found in time: I10 to I13. */
export const recovery: readonly PlantedFault[] = [
  {
    invariant: 'I10',
    fault: 'a worker was told that it is another attempt than it is',
    plant: (day) =>
      inJournalOf(day, 'company-agent', (lines) =>
        editLines(
          lines,
          isAnswerTo(lines, 'claim', ({ ok }) => ok),
          ({ reply, ...line }) => ({
            ...line,
            reply: {
              ok: true,
              claims: claimsOf(reply).map((claim) => ({ ...claim, task: { ...claim.task, attempt: 3 } })),
            },
          }),
        ),
      ),
  },
  {
    invariant: 'I10',
    fault: 'a dead letter is granted once more',
    plant: log((day) => edit(day, is('task.queued', 'line-2'), {}, { attempts_max: 1 })),
  },
  {
    invariant: 'I10',
    fault: 'a task survives more interruptions than it may',
    plant: log((day) => edit(day, is('task.queued', 'line-2'), {}, { interruptions_max: 0 })),
  },
  {
    invariant: 'I11',
    fault: 'a session is taken over before the lease expired',
    plant: log((day) => shiftDeadlines(day, lost(day), 5_000)),
  },
  {
    invariant: 'I11',
    fault: 'a session is recovered after its expiry, but before it is stale',
    plant: log((day) => shiftDeadlines(day, find(day, is('task.recovered')), 3_000)),
  },
  {
    invariant: 'I11',
    fault: 'another agent resumes',
    plant: log((day) =>
      edit(day, ({ type, payload }) => type === 'lease.taken_over' && payload.includes('"resumed"'), {
        agent: 'keeper',
      }),
    ),
  },
  {
    invariant: 'I11',
    fault: 'a holder is declared dead without evidence',
    plant: log((day) => edit(day, is('task.recovered'), {}, { reason: 'dead' })),
  },
  {
    invariant: 'I11',
    fault: 'a takeover overlooks a heartbeat that was acknowledged before it',
    plant: both((day) => shiftDeadlines(day, lost(day), -1)),
  },
  {
    invariant: 'I12',
    fault: 'recovery passes over a stale lease, and finds it later',
    plant: (day) => {
      const { at } = find(day, is('task.recovered'));
      return inJournalOf(day, 'keeper', (lines) => [...lines, ...emptyRecoveries(at - 500)]);
    },
  },
  {
    invariant: 'I12',
    fault: 'recovery never finds a lease that stays open',
    plant: (day) => {
      const { at } = find(day, is('task.claimed', 'open'));
      return inJournalOf(day, 'keeper', (lines) => [...lines, ...emptyRecoveries(at + 15_500)]);
    },
  },
  {
    invariant: 'I13',
    fault: 'a head that any agent may take is not found',
    plant: both((day) => edit(day, is('task.queued', 'theirs'), {}, { assignee: null })),
  },
  {
    invariant: 'I13',
    fault: 'a head is not found by the agent that it waits for',
    plant: (day) =>
      inJournalOf(day, 'company-agent', (lines) =>
        lines.map((line) =>
          line.is === 'sent' && line.command === 'claim' && line.call >= 22
            ? { ...line, request: { ...line.request, agent: 'other-agent' } }
            : line,
        ),
      ),
  },
];

/** Has a closing say that the last proof of life came at another time. */
function shiftDeadlines(day: Run, closing: Event, byMs: number): Run {
  const { expires_at, heartbeat_at, stale_at } = JSON.parse(closing.payload) as EventPayloads['lease.taken_over'];
  return edit(
    day,
    byId(closing),
    {},
    { expires_at: expires_at + byMs, heartbeat_at: heartbeat_at + byMs, stale_at: stale_at + byMs },
  );
}

/** Two recoveries that say that nothing is left. */
export function emptyRecoveries(at: number): JournalLine[] {
  return [0, 1].flatMap((n): JournalLine[] => [
    { is: 'sent', call: 1_000 + n, command: 'recover', request: { commandId: `planted-${n}` }, at: at + n * 10 },
    { is: 'answered', call: 1_000 + n, reply: { ok: true, recovered: [], more: false }, at: at + n * 10 + 5 },
  ]);
}
