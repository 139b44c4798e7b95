import type { Event } from '@agent-orchestrator/core';
import type { Calls, JournalLine } from '../../src/index.ts';
import { drop, edit, editLines, find, inJournalOf, insertAfter, is } from '../checker-forgery.ts';
import type { Run } from '../checker-recorder.ts';
import { byId, isAnswerTo, log, lost, NEW_FENCE, successor, type PlantedFault } from './planted-fault.ts';

/** Fences, grants, ends of leases, and what holders write: I1 to I4. */
export const leases: readonly PlantedFault[] = [
  {
    invariant: 'I1',
    fault: 'a fence is granted again in another session',
    plant: log((day) =>
      refence(day, find(day, is('task.claimed', 'solo')), find(day, is('task.claimed', 'poison')).fence),
    ),
  },
  {
    invariant: 'I1',
    fault: 'a later lease of the session has a smaller fence',
    plant: log((day) => refence(day, find(day, is('task.claimed', 'line-3')), 4_711)),
  },
  {
    invariant: 'I2',
    fault: 'the closing of a lease is missing, and another was granted',
    also: ['I3', 'I7', 'I8'],
    plant: log((day) => drop(day, is('lease.taken_over'))),
  },
  {
    invariant: 'I2',
    fault: 'a second lease is granted while one is open',
    also: ['I4', 'I8'],
    plant: log((day) => insertAfter(day, is('task.claimed', 'solo'), { fence: NEW_FENCE, commandId: null })),
  },
  {
    invariant: 'I3',
    fault: 'a lease is closed twice',
    also: ['I6', 'I8', 'I10'],
    plant: log((day) => insertAfter(day, is('task.released'), {})),
  },
  {
    invariant: 'I3',
    fault: 'a lease is closed that was never granted',
    also: ['I4', 'I8', 'I10'],
    plant: log((day) => insertAfter(day, is('task.released'), { fence: NEW_FENCE, commandId: null })),
  },
  {
    invariant: 'I3',
    fault: 'an ending does not say that it ends a lease',
    also: ['I2', 'I8'],
    plant: log((day) => edit(day, is('task.released'), { leaseEffect: null })),
  },
  {
    invariant: 'I4',
    fault: "a zombie's checkpoint is accepted",
    plant: log((day) => {
      const { fence, agent, instance } = find(day, is('task.claimed', 'line-2'));
      const checkpoint = find(day, ({ type, fence: of }) => type === 'session.checkpointed' && of === fence);
      return insertAfter(day, byId(successor(day)), {
        ...checkpoint,
        fence,
        agent,
        instance,
        commandId: null,
        at: successor(day).at,
      });
    }),
  },
  {
    invariant: 'I4',
    fault: 'another agent releases under the right fence',
    plant: log((day) => edit(day, is('task.handed_off'), { agent: 'home-agent' })),
  },
  {
    invariant: 'I4',
    fault: "a zombie's heartbeat is acknowledged",
    plant: (day) =>
      inJournalOf(day, 'company-agent', (lines) =>
        editLines(
          lines,
          isAnswerTo(lines, 'heartbeat', ({ ok }) => !ok),
          (line) => ({
            ...line,
            reply: {
              ok: true,
              sessionId: lost(day).streamId,
              taskId: 'line-2',
              expiresAt: line.at + 10_000,
              cancelRequested: false,
              late: true,
            },
          }),
        ),
      ),
  },
  {
    invariant: 'I4',
    fault: 'a heartbeat is acknowledged under a fence that was never granted',
    plant: (day) =>
      inJournalOf(day, 'company-agent', (lines) =>
        editLines(
          lines,
          (line): line is Sent<'heartbeat'> => line.is === 'sent' && line.command === 'heartbeat' && line.call === 4,
          (line) => ({
            ...line,
            request: { ...line.request, fence: NEW_FENCE },
          }),
        ),
      ),
  },
];

type Sent<C extends keyof Calls> = Extract<JournalLine, { is: 'sent'; command: C }>;

/** Gives a lease another fence, wherever it is named in its session. */
function refence(day: Run, grant: Event, fence: number | null): Run {
  const isOfLease = (event: Event) => event.streamId === grant.streamId && event.fence === grant.fence;
  return { ...day, events: day.events.map((event) => (isOfLease(event) ? { ...event, fence } : event)) };
}
