import { drop, edit, find, insertAfter, is } from '../checker-forgery.ts';
import type { Run } from '../checker-recorder.ts';
import { both, byId, log, lost, NEW_FENCE, turnOf, type PlantedFault } from './planted-fault.ts';

/** Ends of tasks, and what commands did that were acknowledged or refused: I5 to I7. */
export const commands: readonly PlantedFault[] = [
  {
    invariant: 'I5',
    fault: 'a task succeeds twice, each time under a lease of its own',
    also: ['I8'],
    plant: log((day) => {
      const grant = find(day, is('task.claimed', 'line-1'));
      const end = find(day, is('task.succeeded', 'line-1'));
      const fence = Number(grant.fence) + 1;
      const again = insertAfter(day, byId(end), { ...end, fence, commandId: null });
      return insertAfter(again, byId(end), { ...grant, fence, commandId: null, at: end.at });
    }),
  },
  {
    invariant: 'I5',
    fault: 'a task that succeeded is cancelled afterwards',
    also: ['I8'],
    plant: log((day) =>
      insertAfter(
        day,
        is('task.succeeded', 'solo'),
        { type: 'task.cancelled', leaseEffect: null, fence: null, agent: null, commandId: null },
        { outcome: null, error: null },
      ),
    ),
  },
  {
    invariant: 'I6',
    fault: 'the last event, an acknowledged grant, is lost',
    also: ['I13'],
    plant: both((day) => drop(day, is('task.claimed', 'open'))),
  },
  {
    invariant: 'I6',
    fault: 'an acknowledged session was never written',
    plant: both((day) => ({ ...day, events: day.events.filter(({ streamId }) => streamId !== 'theirs') })),
  },
  {
    invariant: 'I6',
    fault: 'a command that was sent twice took effect twice',
    plant: both((day) =>
      insertAfter(day, ({ type, payload }) => type === 'session.checkpointed' && turnOf(payload) === 9, {}),
    ),
  },
  {
    invariant: 'I6',
    fault: 'a claim granted more than its answer says',
    plant: both((day) => {
      const { commandId } = find(day, is('task.claimed', 'open'));
      const theirs = find(day, is('task.queued', 'theirs'));
      const grant = find(day, is('task.claimed', 'open'));
      return insertAfter(day, byId(grant), {
        ...grant,
        streamId: 'theirs',
        sessionId: 'theirs',
        taskId: 'theirs',
        fence: NEW_FENCE,
        commandId,
        at: Math.max(theirs.at, grant.at),
      });
    }),
  },
  {
    invariant: 'I6',
    fault: 'of a batch of releases, one that was acknowledged is lost',
    plant: both((day) => {
      const lost = [find(day, is('task.succeeded', 'batch-2')), find(day, is('session.closed', undefined, 'batch-2'))];
      return { ...day, events: day.events.filter((event) => !lost.includes(event)) };
    }),
  },
  {
    invariant: 'I6',
    fault: 'a batch of releases ended one lease twice',
    also: ['I3', 'I5', 'I8', 'I10'],
    plant: both((day) => insertAfter(day, is('task.succeeded', 'batch-2'), {})),
  },
  {
    invariant: 'I6',
    fault: 'a release was acknowledged with another outcome than the log has',
    plant: both((day) => edit(day, is('task.released'), {}, { outcome: 'handed_off' })),
  },
  {
    invariant: 'I7',
    fault: 'a checkpoint that was refused as behind was saved',
    plant: both((day) => {
      const commandId = refusedCommand(day, 'turn_behind');
      return insertAfter(day, ({ type, payload }) => type === 'session.checkpointed' && turnOf(payload) === 9, {
        commandId,
      });
    }),
  },
  {
    invariant: 'I7',
    fault: 'a claim that was refused as busy took over',
    plant: both((day) => edit(day, byId(lost(day)), { commandId: refusedCommand(day, 'busy') })),
  },
  {
    invariant: 'I7',
    fault: 'one lease is refused on record twice',
    plant: log((day) => insertAfter(day, is('lease.refused'), {})),
  },
  {
    invariant: 'I7',
    fault: 'a refusal is on record, though the holder had ended the lease itself',
    plant: log((day) => {
      const { fence, at } = find(day, is('task.released'));
      return insertAfter(
        day,
        is('task.released'),
        { type: 'lease.refused', leaseEffect: 'refused', taskId: null, fence, commandId: null, at },
        { operation: 'release', ended_by: 'task.released', ended_at: at },
      );
    }),
  },
  {
    invariant: 'I7',
    fault: 'an item of a batch was refused, and the batch ended its lease',
    also: ['I6'],
    plant: both((day) => {
      const { commandId } = find(day, is('task.succeeded', 'batch-1'));
      return edit(day, is('task.recovered', 'batch-3'), { commandId });
    }),
  },
];

/** The command id of the first call that was refused for this reason. */
function refusedCommand({ journals }: Run, reason: string): string {
  for (const journal of journals) {
    const answer = journal.find(
      (line) => line.is === 'answered' && 'reason' in line.reply && line.reply.reason === reason,
    );
    const sent = journal.find((line) => line.is === 'sent' && answer?.is === 'answered' && line.call === answer.call);
    if (sent?.is === 'sent' && sent.command !== 'heartbeat') return sent.request.commandId;
  }
  throw new Error(`the fault cannot be planted: nothing was refused as ${reason}`);
}
