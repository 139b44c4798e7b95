import {
  DEFAULTS,
  hashEvent,
  type Change,
  type Loaded,
  type NewEvent,
  type Receipt,
  type Scope,
  type Session,
  type Storage,
  type WriteSet,
} from '@agent-orchestrator/core';

/*
 * The port itself, for the promises that no command can show.
 */

const { namespace } = DEFAULTS;

/** A write set that changes nothing. */
export function nothing<R>(reply: R): WriteSet<R> {
  return { reply, sessions: [], tasks: [], agents: [], events: [], receipt: null, forgetReceiptsAt: 0, clock: null };
}

/** What is loaded for a scope. */
export async function load(storage: Storage, scope: Scope): Promise<Loaded> {
  return storage.transact(scope, (loaded) => nothing(loaded));
}

/** Names these sessions in the default namespace. */
export function named(...sessionIds: readonly string[]): Scope & { by: 'sessions' } {
  return { by: 'sessions', namespace, sessions: sessionIds.map((sessionId) => ({ sessionId })) };
}

/** The receipt of a command. */
export async function receiptOf(storage: Storage, commandId: string): Promise<Receipt | null> {
  const { receipt } = await load(storage, { by: 'task', namespace, commandId, taskId: 'none' });
  return receipt;
}

/** One session's part of a write set. */
interface Saved {
  readonly event: NewEvent;
  readonly change: Change<Session>;
}

/** Saves the next turn of the context in each held session that was loaded: one unit of work over all of them. */
export function checkpointAll({ sessions, now }: Loaded): WriteSet<readonly string[]> {
  const saved = sessions.map(({ session }) => nextTurn(session, now));
  return {
    ...nothing(sessions.map(({ session }) => session.id)),
    sessions: saved.map(({ change }) => change),
    events: saved.map(({ event }) => event),
  };
}

function nextTurn(session: Session, now: number): Saved {
  const turn = session.context === null ? 1 : (JSON.parse(session.context) as { turn: number }).turn + 1;
  // In the order of RFC 8785, as all that is hashed.
  const context = { data: null, hash: 'h', last_action: null, memory_ref: null, next_action: null, turn };
  const event = chained(session, {
    type: 'session.checkpointed',
    taskId: session.taskId,
    agent: session.agent,
    instance: session.instance,
    fence: session.fence,
    payload: JSON.stringify(context),
    at: Math.max(now, session.updatedAt),
  });
  const { seq, hash, at: updatedAt, payload } = event;
  const version = session.version + 1;
  return { event, change: { before: session, after: { ...session, context: payload, seq, hash, updatedAt, version } } };
}

type Said = Pick<NewEvent, 'type' | 'taskId' | 'agent' | 'instance' | 'fence' | 'payload' | 'at'>;

/** The next event of a session. */
function chained(session: Session, said: Said): NewEvent {
  const event: Omit<NewEvent, 'hash'> = {
    ...said,
    streamKind: 'session',
    namespace: session.namespace,
    streamId: session.id,
    seq: session.seq + 1,
    leaseEffect: null,
    sessionId: session.id,
    commandId: null,
    prevHash: session.hash,
  };
  return { ...event, hash: hashEvent(event) };
}
