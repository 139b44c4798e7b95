import {
  NO_HAND_OFF,
  NO_LEASE,
  NO_QUESTION,
  NO_REVIEW,
  NO_TASK_TEXTS,
  type WriteSet,
  type NewEvent,
  type Receipt,
  type Session,
  type Storage,
  type Task,
} from '@agent-orchestrator/core';
import { openSqliteStorage, type SqliteStorageOptions } from '../src/index.ts';
import { newPath } from './temporary-store.ts';

/*
 * Rows and decisions made by hand: these tests are about the database, not about the rules, so they write what the
 * rules never would.
 */

const NOW = Date.UTC(2026, 0, 1);

let tasksMade = 0;
const sessionNumbers = new Map<string, number>();

/** The same for each row of one session. */
function sessionNumber(id: string): number {
  const number = sessionNumbers.get(id) ?? 1_000 + sessionNumbers.size;
  sessionNumbers.set(id, number);
  return number;
}

export function aSession(over: Partial<Session> = {}): Session {
  return {
    ...NO_LEASE,
    namespace: 'default',
    id: 's1',
    number: sessionNumber(over.id ?? 's1'),
    status: 'idle',
    renewals: 0,
    nearMisses: 0,
    lastNearMissAt: null,
    context: null,
    tasksOpen: 1,
    seq: 1,
    hash: 'a'.repeat(64),
    version: 1,
    createdAt: NOW,
    updatedAt: NOW,
    ...over,
  };
}

export function aTask(over: Partial<Task> = {}): Task {
  return {
    namespace: 'default',
    id: 't1',
    number: (tasksMade += 1),
    sessionId: 's1',
    kind: 'task',
    title: 'a task',
    payload: '{}',
    priority: 5,
    status: 'queued',
    dedupeKey: null,
    runAt: null,
    delayedAt: null,
    queuedAt: NOW,
    attempt: 0,
    attemptsMax: 4,
    interruptions: 0,
    interruptionsMax: 16,
    backoffMs: 5_000,
    assignee: null,
    role: null,
    ...NO_TASK_TEXTS,
    note: null,
    cancelRequestedAt: null,
    result: null,
    error: null,
    createdAt: NOW,
    startedAt: null,
    finishedAt: null,
    ...NO_HAND_OFF,
    openDependencies: null,
    onDependencyFailure: null,
    parentId: null,
    version: 1,
    dedupeWhile: null,
    ...NO_QUESTION,
    ...NO_REVIEW,
    ...over,
  };
}

export function anEvent(over: Partial<NewEvent> = {}): NewEvent {
  const { sessionId = 's1' } = over;
  return {
    streamKind: 'session',
    namespace: 'default',
    streamId: sessionId ?? '',
    seq: 1,
    type: 'session.opened',
    leaseEffect: null,
    sessionId,
    taskId: null,
    agent: null,
    instance: null,
    fence: null,
    commandId: null,
    payload: '{}',
    at: NOW,
    prevHash: '0'.repeat(64),
    hash: 'a'.repeat(64),
    ...over,
  };
}

export function aReceipt(over: Partial<Receipt> = {}): Receipt {
  const reply = '{"reply":{}}';
  const commandId = '019a0f3c-7e11-7abc-8def-0123456789ab';
  return { namespace: 'default', commandId, requestHash: 'a'.repeat(64), reply, at: NOW, ...over };
}

export function aDecision<R>(reply: R, over: Partial<WriteSet<R>> = {}): WriteSet<R> {
  return {
    reply,
    sessions: [],
    tasks: [],
    agents: [],
    events: [],
    receipt: null,
    forgetReceiptsAt: 0,
    clock: null,
    ...over,
  };
}

/** A store with its tables. */
export async function aStore(over: Partial<SqliteStorageOptions> = {}): Promise<{ path: string; storage: Storage }> {
  const path = over.path ?? newPath();
  const storage = await openSqliteStorage({ path, ...over });
  await storage.migrate();
  return { path, storage };
}

/** Adds a session with one event, and tasks. */
export async function add(storage: Storage, session: Session, tasks: readonly Task[] = []): Promise<void> {
  await storage.transact({ by: 'new', namespace: session.namespace, sessionIds: [], taskIds: [], dedupeKeys: [] }, () =>
    aDecision(null, {
      sessions: [{ before: null, after: session }],
      tasks: tasks.map((after) => ({ before: null, after })),
      events: [anEvent({ namespace: session.namespace, sessionId: session.id })],
    }),
  );
}
