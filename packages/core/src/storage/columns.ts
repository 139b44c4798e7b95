import type { Agent } from '../model/agent.ts';
import type { Event } from '../log/events.ts';
import type { Dependency, DependencyEnd } from '../model/dependency.ts';
import type { Receipt } from '../model/receipt.ts';
import type { Session } from '../model/session.ts';
import { snakeCase, type SnakeCase } from '../model/snake-case.ts';
import type { NextHead, Task } from '../model/task.ts';
import { TASK_TEXT_NAMES } from '../model/task-texts.ts';

/*
 * The names of the API's fields outside TypeScript: `leaseExpiresAt` is `lease_expires_at` in SQL. It is one rule, so
 * no storage keeps a list of its own; each compares the columns of its tables with this list.
 */

/** The column of each field of a row. */
type Columns<Row> = { readonly [Field in keyof Row & string]: SnakeCase<Field> };

const columns = <const Field extends string>(fields: readonly Field[]): Columns<Record<Field, unknown>> =>
  Object.fromEntries(fields.map((field) => [field, snakeCase(field)])) as Columns<Record<Field, unknown>>;

/**
 * For storages: the columns of the rows that they load and save, in a fixed order. A storage may add columns of its
 * own.
 */
export const COLUMNS: {
  readonly session: Columns<Session>;
  readonly task: Columns<Task>;
  readonly agent: Columns<Agent>;
  readonly event: Columns<Event>;
  readonly receipt: Columns<Receipt>;
  readonly dependency: Columns<Dependency>;
  readonly dependencyEnd: Columns<DependencyEnd>;
  /** Further columns of a session: the head of its queue. Derived like an index, and copied with the row. */
  readonly nextHead: { readonly [Field in keyof NextHead]: string };
} = {
  session: columns([
    'namespace',
    'id',
    'number',
    'status',
    'agent',
    'instance',
    'host',
    'boot',
    'pid',
    'processStart',
    'processGroup',
    'fence',
    'tokenHash',
    'ttlMs',
    'staleAfterMs',
    'leaseExpiresAt',
    'heartbeatAt',
    'staleAt',
    'progress',
    'taskId',
    'renewals',
    'nearMisses',
    'lastNearMissAt',
    'context',
    'tasksOpen',
    'seq',
    'hash',
    'version',
    'createdAt',
    'updatedAt',
  ] satisfies (keyof Session)[]),
  task: columns([
    'namespace',
    'id',
    'number',
    'sessionId',
    'kind',
    'title',
    'payload',
    'priority',
    'status',
    'dedupeKey',
    'runAt',
    'delayedAt',
    'queuedAt',
    'attempt',
    'attemptsMax',
    'interruptions',
    'interruptionsMax',
    'backoffMs',
    'assignee',
    'role',
    ...TASK_TEXT_NAMES,
    'note',
    'cancelRequestedAt',
    'result',
    'error',
    'createdAt',
    'startedAt',
    'finishedAt',
    'handedOffBy',
    'handedOffAt',
    'returnAt',
    'returnedFrom',
    'review',
    'reviewOf',
    'version',
    'dedupeWhile',
    'question',
    'askedAt',
    'askedBy',
    'askedAgent',
    'askedRole',
    'answer',
    'answeredBy',
    'openDependencies',
    'onDependencyFailure',
    'parentId',
  ] satisfies (keyof Task)[]),
  agent: columns([
    'namespace',
    'name',
    'status',
    'roles',
    'machine',
    'human',
    'publicKey',
    'signedRoles',
    'seq',
    'hash',
    'version',
    'createdAt',
    'updatedAt',
  ] satisfies (keyof Agent)[]),
  event: columns([
    'id',
    'streamKind',
    'namespace',
    'streamId',
    'seq',
    'type',
    'leaseEffect',
    'sessionId',
    'taskId',
    'agent',
    'instance',
    'fence',
    'commandId',
    'payload',
    'at',
    'prevHash',
    'hash',
  ] satisfies (keyof Event)[]),
  receipt: columns(['namespace', 'commandId', 'requestHash', 'reply', 'at'] satisfies (keyof Receipt)[]),
  dependency: columns([
    'namespace',
    'taskId',
    'dependencyId',
    'onDependencyFailure',
    'ended',
  ] satisfies (keyof Dependency)[]),
  dependencyEnd: columns(['namespace', 'taskId', 'dependencyId', 'seq', 'status'] satisfies (keyof DependencyEnd)[]),
  nextHead: {
    taskId: 'next_task_id',
    priority: 'next_priority',
    queuedAt: 'next_queued_at',
    kind: 'next_kind',
    addressee: 'next_for',
  },
};
