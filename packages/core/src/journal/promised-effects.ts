import type { Event, EventPayloads, EventType } from '../log/events.ts';
import type { Attempt } from './attempt.ts';
import { claimsIn } from './claims-in.ts';

/** What an acknowledged call must have left in the log: `by` its own command, or `anywhere` if an earlier one did it. */
interface Expectation {
  readonly what: string;
  readonly among: 'own' | 'anywhere';
  readonly fits: (event: Event) => boolean;
}

/** The effects that an acknowledgement promises and the log lacks, in words. */
export function missingEffects(attempt: Attempt, own: readonly Event[], log: readonly Event[]): string[] {
  return expectations(attempt).flatMap(({ what, among, fits }) =>
    (among === 'own' ? own : log).some(fits) ? [] : what,
  );
}

function expectations(attempt: Attempt): Expectation[] {
  if (attempt.reply?.ok !== true) return [];
  switch (attempt.command) {
    case 'enqueue':
      return attempt.reply.tasks.map(({ outcome, task }) => ({
        what: `the task ${task.id} (${outcome})`,
        among: outcome === 'enqueued' ? 'own' : 'anywhere',
        fits: ({ type, taskId }) => type === 'task.queued' && taskId === task.id,
      }));
    case 'claim':
      return grants(attempt);
    case 'heartbeat':
      return [];
    case 'checkpoint': {
      const { request, reply } = attempt;
      return [
        {
          what: `the checkpoint of turn ${reply.turn}`,
          among: 'own',
          fits: (event) =>
            event.type === 'session.checkpointed' && event.fence === request.fence && turnOf(event) === reply.turn,
        },
      ];
    }
    case 'release':
      return [...endings(attempt), ...grants(attempt)];
    case 'recover':
      return attempt.reply.recovered.map(({ sessionId, from }) => ({
        what: `the recovery of ${sessionId} from fence ${from.fence}`,
        among: 'own',
        fits: (event) => event.type === 'task.recovered' && event.sessionId === sessionId && event.fence === from.fence,
      }));
    case 'cancel':
      return [
        about(
          attempt.request.taskId,
          attempt.reply.status === 'running' ? 'task.cancel_requested' : 'task.cancelled',
          'anywhere',
        ),
      ];
    case 'retry':
      return [about(attempt.request.taskId, 'task.retried', 'own')];
    case 'close': {
      const { sessionId } = attempt.request;
      // The last page of a long close has a command id of its own, so it may be anybody's.
      return [
        {
          what: `the closing of ${sessionId}`,
          among: 'anywhere',
          fits: (event) => event.type === 'session.closed' && event.sessionId === sessionId,
        },
      ];
    }
  }
}

function grants(attempt: Attempt): Expectation[] {
  return claimsIn(attempt).map(({ lease, task }) => ({
    what: `the grant of ${task.id} under fence ${lease.fence}`,
    among: 'own',
    fits: (event) =>
      event.type === 'task.claimed' &&
      event.fence === lease.fence &&
      event.taskId === task.id &&
      event.sessionId === lease.sessionId &&
      event.agent === lease.agent,
  }));
}

/** The ends of leases that a release was told of. One that was repeated tells what an earlier release did. */
function endings({ request, reply }: Attempt<'release'>): Expectation[] {
  return request.items.flatMap(({ fence, outcome }, at) => {
    const item = reply?.items[at];
    if (item === undefined || !item.ok) return [];
    return {
      what: `the end (${outcome}) of the lease of fence ${fence}`,
      among: item.repeated ? ('anywhere' as const) : ('own' as const),
      fits: (event: Event) =>
        event.leaseEffect === 'ended' &&
        event.fence === fence &&
        event.sessionId === item.sessionId &&
        (JSON.parse(event.payload) as { outcome?: string }).outcome === outcome,
    };
  });
}

function about(taskId: string, wanted: EventType, among: Expectation['among']): Expectation {
  return { what: `${wanted} of ${taskId}`, among, fits: ({ type, taskId: of }) => type === wanted && of === taskId };
}

function turnOf({ payload }: Event): number {
  return (JSON.parse(payload) as EventPayloads['session.checkpointed']).turn;
}
