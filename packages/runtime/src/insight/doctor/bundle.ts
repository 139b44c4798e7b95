import type { Counts, Event, Page, Reader, Session, Task } from '@agent-orchestrator/core';
import { openStorage } from '../../stores/open-storage.ts';
import type { Environment } from '../../system/environment.ts';
import type { Examination } from './examine-store.ts';

/*
 * What a helper on another machine needs to see, and no more. Only the fields that are named here are included.
 * Everything that users put in (payloads, results, contexts, titles, notes …) is left out, because it may hold secrets.
 */

const SESSION_FIELDS = [
  'namespace',
  'id',
  'status',
  'agent',
  'instance',
  'pid',
  'fence',
  'ttlMs',
  'staleAfterMs',
  'leaseExpiresAt',
  'heartbeatAt',
  'staleAt',
  'taskId',
  'renewals',
  'nearMisses',
  'lastNearMissAt',
  'tasksOpen',
  'seq',
  'createdAt',
  'updatedAt',
] as const satisfies readonly (keyof Session)[];

const TASK_FIELDS = [
  'namespace',
  'id',
  'sessionId',
  'kind',
  'priority',
  'status',
  'runAt',
  'queuedAt',
  'attempt',
  'attemptsMax',
  'interruptions',
  'interruptionsMax',
  'backoffMs',
  'assignee',
  'role',
  'cancelRequestedAt',
  'createdAt',
  'startedAt',
  'finishedAt',
  'handedOffBy',
  'handedOffAt',
  'returnAt',
  'returnedFrom',
] as const satisfies readonly (keyof Task)[];

const EVENT_FIELDS = [
  'id',
  'namespace',
  'sessionId',
  'seq',
  'type',
  'leaseEffect',
  'taskId',
  'agent',
  'instance',
  'fence',
  'commandId',
  'at',
] as const satisfies readonly (keyof Event)[];

/** Fields of an event's payload that hold only numbers and names of this program. */
const PAYLOAD_FIELDS = [
  'reason',
  'turn',
  'kind',
  'priority',
  'run_at',
  'attempts_max',
  'interruptions_max',
  'backoff_ms',
  'assignee',
  'role',
  'ttl_ms',
  'stale_after_ms',
  'expires_at',
  'heartbeat_at',
  'stale_at',
  'pid',
  'outcome',
  'from_agent',
  'from_instance',
  'operation',
  'ended_by',
  'ended_at',
  'by_ms',
  'taken',
  'return_at',
  'returned_from',
  'handed_off_by',
  'delay_ms',
];

/** Variables that this program reads, by how they begin. */
const VARIABLES = /^(ORCHESTRATOR_|ORCH_|OPENCLAW_STATE_DIR$)/;

/** Of each kind. */
const ROWS_MAX = 500;
const EVENTS_MAX = 1_000;

export interface SupportBundle {
  readonly madeAt: number;
  readonly versions: Readonly<Record<'orchestrator' | 'node' | 'system', string>>;
  readonly examination: Examination;
  /** Names of the variables that are set, without their values. */
  readonly variables: readonly string[];
  readonly namespaces: readonly { readonly namespace: string; readonly counts: Counts }[];
  /** The held sessions, and the sessions that a finding names. */
  readonly sessions: readonly object[];
  /** The running tasks, and the tasks that a finding names. */
  readonly tasks: readonly object[];
  /** The last ones. */
  readonly events: readonly object[];
}

export interface BundleOptions {
  /** The version of the program that makes the bundle. */
  readonly version: string;
  readonly environment?: Environment;
}

/** Makes a support bundle: the findings and the rows that they are about, without anything that users put in. */
export async function makeBundle(
  url: string,
  examination: Examination,
  { version, environment = process.env }: BundleOptions,
): Promise<SupportBundle> {
  return {
    madeAt: Date.now(),
    versions: { orchestrator: version, node: process.version, system: `${process.platform} ${process.arch}` },
    examination,
    variables: Object.keys(environment)
      .filter((name) => VARIABLES.test(name))
      .toSorted(),
    ...(examination.asOf === null ? NOTHING : await readRows(url, examination)),
  };
}

type Rows = Pick<SupportBundle, 'namespaces' | 'sessions' | 'tasks' | 'events'>;
const NOTHING: Rows = { namespaces: [], sessions: [], tasks: [], events: [] };

async function readRows(url: string, examination: Examination): Promise<Rows> {
  const storage = await openStorage(url, { mode: 'read-only' });
  try {
    return await storage.read.snapshot(async (reader) => {
      const namespaces = await reader.namespaces();
      const parts = await Promise.all(namespaces.map((namespace) => readNamespace(reader, namespace, examination)));
      return {
        namespaces: parts.map(({ namespace, counts }) => ({ namespace, counts })),
        sessions: parts.flatMap(({ sessions }) => sessions),
        tasks: parts.flatMap(({ tasks }) => tasks),
        events: parts.flatMap(({ events }) => events),
      };
    });
  } finally {
    await storage.close();
  }
}

async function readNamespace(reader: Reader, namespace: string, { findings, asOf }: Examination) {
  const subjects = findings.flatMap((finding) => finding.subjects).filter((subject) => subject.namespace === namespace);
  const held = await reader.sessions({ namespace, status: ['running'], limit: ROWS_MAX });
  const sessions = new Map(held.items.map((session) => [session.id, session]));
  const running = await reader.tasks({ namespace, status: ['running'], limit: ROWS_MAX });
  const tasks = new Map(running.items.map((task) => [task.id, task]));
  for (const { sessionId, taskId } of subjects) {
    const found = sessions.has(sessionId) ? null : await reader.session(namespace, sessionId);
    if (found !== null) sessions.set(sessionId, found.session);
    const task = taskId === null || tasks.has(taskId) ? null : await reader.task(namespace, taskId);
    if (task !== null) tasks.set(task.id, task);
  }
  return {
    namespace,
    counts: await reader.counts(namespace, 10_000),
    sessions: [...sessions.values()].map((session) => pick(session, SESSION_FIELDS)),
    tasks: [...tasks.values()].map((task) => pick(task, TASK_FIELDS)),
    events: await readEvents(reader, namespace, asOf ?? 0),
  };
}

function pick<Row, Field extends keyof Row>(row: Row, fields: readonly Field[]): Pick<Row, Field> {
  return Object.fromEntries(fields.map((field) => [field, row[field]])) as Pick<Row, Field>;
}

async function readEvents(reader: Reader, namespace: string, upTo: number): Promise<object[]> {
  const events: object[] = [];
  for (let after: string | null = String(Math.max(0, upTo - EVENTS_MAX)); after !== null;) {
    const page: Page<Event> = await reader.events({ namespace, after, upTo, limit: ROWS_MAX });
    events.push(...page.items.map((event) => ({ ...pick(event, EVENT_FIELDS), payload: allowed(event) })));
    after = page.next;
  }
  return events;
}

/** An event of the proof of concept may hold anything, even in fields with these names. */
function allowed({ type, payload }: Event): object {
  if (type === 'legacy.event') return {};
  const fields = JSON.parse(payload) as Readonly<Record<string, unknown>>;
  return Object.fromEntries(PAYLOAD_FIELDS.filter((name) => name in fields).map((name) => [name, fields[name]]));
}
