import type { Event, EventPayloads, EventType } from '../log/events.ts';
import type { Attempt } from './attempt.ts';
import { claimsIn } from './claims-in.ts';

/** An event that an acknowledged call must have left in the log. Plain data: a comparison keeps many of them. */
export interface PromisedEffect {
  /** In words. */
  readonly what: string;
  /** The event's type, or `lease_ended` for any type that ends a lease. */
  readonly type: EventType | 'lease_ended';
  /** Whether the call's own command wrote it. Otherwise an earlier command may have done so. */
  readonly own: boolean;
  readonly sessionId?: string;
  readonly taskId?: string;
  readonly fence?: number;
  readonly agent?: string;
  readonly turn?: number;
  readonly outcome?: string;
}

/** An event as it is stored, or as the API shows it: with its payload as text, or decoded. */
export type LoggedEvent = Pick<
  Event,
  'namespace' | 'type' | 'leaseEffect' | 'sessionId' | 'taskId' | 'agent' | 'fence' | 'commandId'
> & { readonly payload: unknown };

/** The effects that an acknowledgement promises. */
export function promisedEffects(attempt: Attempt): PromisedEffect[] {
  if (attempt.reply?.ok !== true) return [];
  switch (attempt.command) {
    case 'enqueue':
      return attempt.reply.tasks.map(({ outcome, task: { id } }) => ({
        what: `the task ${id} (${outcome})`,
        type: 'task.queued',
        own: outcome === 'enqueued',
        taskId: id,
      }));
    case 'claim':
      return grants(attempt);
    case 'heartbeat':
      return [];
    case 'checkpoint': {
      const { sessionId, taskId, turn } = attempt.reply;
      const { fence } = attempt.request;
      const what = `the checkpoint of turn ${turn}`;
      return [{ what, type: 'session.checkpointed', own: true, sessionId, taskId, fence, turn }];
    }
    case 'release':
      return [...leaseEnds(attempt), ...grants(attempt)];
    case 'recover':
      return attempt.reply.recovered.map(({ sessionId, taskId, from: { fence } }) => ({
        what: `the recovery of ${sessionId} from fence ${fence}`,
        type: 'task.recovered',
        own: true,
        sessionId,
        taskId,
        fence,
      }));
    case 'cancel': {
      const type = attempt.reply.status === 'running' ? 'task.cancel_requested' : 'task.cancelled';
      return [ofTask(attempt.request.taskId, type, false)];
    }
    case 'retry':
      return [ofTask(attempt.reply.task.id, 'task.retried', true)];
    case 'answer':
      return [ofTask(attempt.reply.task.id, 'task.answered', true)];
    case 'close': {
      const { sessionId } = attempt.request;
      // The last page of a long close has a command id of its own.
      return [{ what: `the closing of ${sessionId}`, type: 'session.closed', own: false, sessionId }];
    }
  }
}

/**
 * The key by which a comparison looks up an effect. An effect has one key, an event has the keys of all effects that it
 * may be.
 */
export function keyOfEffect({ type, taskId, sessionId, fence }: PromisedEffect): string {
  return key(type, type === 'lease_ended' ? fence : (taskId ?? sessionId));
}

export function keysOfEvent({ type, leaseEffect, taskId, sessionId, fence }: LoggedEvent): string[] {
  return [
    ...(leaseEffect === 'ended' ? [key('lease_ended', fence)] : []),
    ...(taskId === null ? [] : [key(type, taskId)]),
    ...(sessionId === null ? [] : [key(type, sessionId)]),
  ];
}

/** Whether an event with the key of an effect is that effect. */
export function isEffect(event: LoggedEvent, effect: PromisedEffect, commandId: string): boolean {
  const { sessionId, taskId, fence, agent, turn, outcome } = effect;
  return (
    (!effect.own || event.commandId === commandId) &&
    isAsPromised(event.sessionId, sessionId) &&
    isAsPromised(event.taskId, taskId) &&
    isAsPromised(event.fence, fence) &&
    isAsPromised(event.agent, agent) &&
    isAsPromised(turn === undefined ? null : payloadOf(event).turn, turn) &&
    isAsPromised(outcome === undefined ? null : payloadOf(event).outcome, outcome)
  );
}

function isAsPromised<T>(found: T, promised: T | undefined): boolean {
  return promised === undefined || found === promised;
}

type Payload = Partial<EventPayloads['session.checkpointed'] & { outcome: string }>;

function payloadOf({ payload }: LoggedEvent): Payload {
  return (typeof payload === 'string' ? JSON.parse(payload) : payload) as Payload;
}

function grants(attempt: Attempt): PromisedEffect[] {
  return claimsIn(attempt).map(({ lease: { sessionId, agent, fence }, task: { id: taskId } }) => ({
    what: `the grant of ${taskId} under fence ${fence}`,
    type: 'task.claimed',
    own: true,
    sessionId,
    taskId,
    fence,
    agent,
  }));
}

/** The ends of leases that a release answered. A repeated one was the effect of an earlier release. */
function leaseEnds({ request, reply }: Attempt<'release'>): PromisedEffect[] {
  return request.items.flatMap(({ fence, outcome }, at) => {
    const item = reply?.items[at];
    if (item === undefined || !item.ok) return [];
    const { sessionId, taskId, repeated } = item;
    const what = `the end (${outcome}) of the lease of fence ${fence}`;
    return { what, type: 'lease_ended', own: !repeated, sessionId, taskId, fence, outcome };
  });
}

function ofTask(taskId: string, type: EventType, own: boolean): PromisedEffect {
  return { what: `${type} of ${taskId}`, type, own, taskId };
}

function key(type: PromisedEffect['type'], subject: string | number | null | undefined): string {
  return `${type}\n${subject}`;
}
