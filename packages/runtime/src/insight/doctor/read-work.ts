import {
  compareInQueue,
  isHeld,
  PENDING_STATUSES,
  type Event,
  type EventFilter,
  type EventPayloads,
  type Page,
  type Reader,
  type Session,
  type Task,
} from '@agent-orchestrator/core';
import type { HeadFacts, HeldFacts, JumpFacts, NearMissFacts, RefusedFacts, WorkFacts } from './facts.ts';

/** At most this many sessions of each status and waiting tasks per namespace, so that the examination stays quick. */
const ROWS_MAX = 10_000;
/** How far back the log is read, in events. */
const EVENTS_BACK = 20_000;
const PAGE = 500;

/** Reads the work in these namespaces. The reader must belong to one snapshot. */
export async function readWork(reader: Reader, namespaces: readonly string[]): Promise<WorkFacts> {
  const asOf = await reader.settledEventId();
  const now = await reader.now();
  const localNow = Date.now();
  const eventsAfter = Math.max(0, asOf - EVENTS_BACK);
  const parts: Part[] = [];
  for (const namespace of namespaces) parts.push(await readNamespace(reader, namespace, { now, eventsAfter, asOf }));
  return {
    asOf,
    now,
    localNow,
    held: parts.flatMap(({ held }) => held),
    nearMisses: parts.flatMap(({ nearMisses }) => nearMisses),
    heads: parts.flatMap(({ heads }) => heads),
    kindsAtWork: new Set(parts.flatMap(({ kindsAtWork }) => kindsAtWork)),
    refused: parts.flatMap(({ refused }) => refused),
    jumps: parts.flatMap(({ jumps }) => jumps),
    eventsAfter,
    capped: parts.some(({ capped }) => capped),
  };
}

interface Part {
  readonly held: readonly HeldFacts[];
  readonly nearMisses: readonly NearMissFacts[];
  readonly heads: readonly HeadFacts[];
  readonly kindsAtWork: readonly string[];
  readonly refused: readonly RefusedFacts[];
  readonly jumps: readonly JumpFacts[];
  readonly capped: boolean;
}

async function readNamespace(
  reader: Reader,
  namespace: string,
  { now, ...range }: { readonly now: number } & EventRange,
): Promise<Part> {
  const held: HeldFacts[] = [];
  const nearMisses: NearMissFacts[] = [];
  const capped: boolean[] = [];
  for (const status of ['running', 'idle', 'closed'] as const) {
    const all = await upToMax(
      (page) => reader.sessions({ namespace, status: [status], ...page }),
      (session) => {
        held.push(...heldFacts(session));
        nearMisses.push(...nearMissFacts(session));
      },
    );
    capped.push(!all);
  }

  const kindsAtWork = new Set<string>();
  const everyRunning = await upToMax(
    (page) => reader.tasks({ namespace, status: ['running'], ...page }),
    ({ kind }) => kindsAtWork.add(`${namespace} ${kind}`),
  );
  const waiting = new Map<string, Waiting[]>();
  const heldIds = new Set(held.map(({ sessionId }) => sessionId));
  const everyWaiting = await upToMax(
    (page) => reader.tasks({ namespace, status: PENDING_STATUSES, ...page }),
    (task) => {
      if (isDue(task, now) && !heldIds.has(task.sessionId)) addTo(waiting, task.sessionId, waitingOf(task));
    },
  );
  capped.push(!everyRunning, !everyWaiting);
  const { refused, jumps, freedAt } = await readEvents(reader, namespace, range);
  const heads = [...waiting].map(([sessionId, queue]) => headFacts(namespace, queue, freedAt.get(sessionId) ?? 0));
  return {
    held,
    nearMisses,
    heads,
    kindsAtWork: [...kindsAtWork],
    refused,
    jumps,
    capped: capped.includes(true),
  };
}

interface EventsSeen extends Pick<Part, 'refused' | 'jumps'> {
  /** When each session was last released, where it was. */
  readonly freedAt: ReadonlyMap<string, number>;
}

/** The events to read: after one, up to another that is settled. */
interface EventRange {
  readonly eventsAfter: number;
  readonly asOf: number;
}

async function readEvents(
  reader: Reader,
  namespace: string,
  { eventsAfter: after, asOf: upTo }: EventRange,
): Promise<EventsSeen> {
  const refused: RefusedFacts[] = [];
  const jumps: JumpFacts[] = [];
  const freedAt = new Map<string, number>();
  await eachEvent(reader, { namespace, upTo, types: ['lease.refused', 'clock.jumped'] }, after, (event) => {
    if (event.type === 'clock.jumped') jumps.push(jumpFacts(event));
    else refused.push(refusedFacts(event));
  });
  await eachEvent(reader, { namespace, upTo, leaseEffect: 'ended' }, after, ({ streamId, at }) =>
    freedAt.set(streamId, at),
  );
  return { refused, jumps, freedAt };
}

async function eachEvent(
  reader: Reader,
  filter: Pick<EventFilter, 'namespace' | 'types' | 'leaseEffect'> & { readonly upTo: number },
  from: number,
  see: (event: Event) => void,
): Promise<void> {
  for (let after: string | null = String(from); after !== null;) {
    const page: Page<Event> = await reader.events({ ...filter, after, limit: PAGE });
    for (const event of page.items) see(event);
    after = page.next;
  }
}

function jumpFacts({ id: eventId, at, payload }: Event): JumpFacts {
  const { by_ms: byMs, taken = false } = JSON.parse(payload) as EventPayloads['clock.jumped'];
  return { eventId, at, byMs, taken };
}

function refusedFacts({ id: eventId, payload, fence, ...event }: Event): RefusedFacts {
  const { namespace, streamId: sessionId, taskId, agent, instance, seq, at } = event;
  const { operation, ended_by: endedBy, ended_at: endedAt } = JSON.parse(payload) as EventPayloads['lease.refused'];
  const where = { namespace, sessionId, taskId, agent, instance, fence: fence ?? 0 };
  return { ...where, eventId, seq, at, operation, endedBy, endedAt };
}

/** Page by page, so that only one page of payloads is in memory. @returns whether all rows were read */
async function upToMax<Row>(
  list: (page: { readonly limit: number; readonly after?: string }) => Promise<Page<Row>>,
  see: (row: Row) => void,
): Promise<boolean> {
  let after: string | null = null;
  for (let seen = 0; seen < ROWS_MAX; seen += PAGE) {
    const page: Page<Row> = await list({ limit: PAGE, ...(after !== null && { after }) });
    for (const row of page.items) see(row);
    after = page.next;
    if (after === null) return true;
  }
  return false;
}

function heldFacts(session: Session): HeldFacts[] {
  if (!isHeld(session)) return [];
  const { namespace, id: sessionId, taskId, agent, fence, staleAt, heartbeatAt, seq } = session;
  const { host, boot, pid, processStart: start, processGroup: group } = session;
  const isNamed = host !== null && boot !== null && pid !== null && start !== null;
  const process = isNamed ? { host, boot, pid, start, group: group ?? undefined } : null;
  return [{ namespace, sessionId, taskId, agent, fence, staleAt, heartbeatAt, seq, process }];
}

function nearMissFacts(session: Session): NearMissFacts[] {
  const { namespace, id: sessionId, agent, ttlMs, renewals, nearMisses, lastNearMissAt } = session;
  return lastNearMissAt === null ? [] : [{ namespace, sessionId, agent, ttlMs, renewals, nearMisses, lastNearMissAt }];
}

type Waiting = Pick<Task, 'id' | 'number' | 'sessionId' | 'kind' | 'priority' | 'queuedAt' | 'assignee' | 'role'>;

function waitingOf({ id, number, sessionId, kind, priority, queuedAt, assignee, role }: Task): Waiting {
  return { id, number, sessionId, kind, priority, queuedAt, assignee, role };
}

/** A task that is due may still have the status `scheduled`, until a claim looks at it. */
function isDue({ status, runAt }: Task, now: number): boolean {
  return status === 'queued' || (status === 'scheduled' && runAt !== null && runAt <= now);
}

/** @param freedAt when the session was last released: before that, its head could not be claimed */
function headFacts(namespace: string, queue: readonly Waiting[], freedAt: number): HeadFacts {
  const [head, ...others] = queue.toSorted(compareInQueue) as [Waiting, ...Waiting[]];
  const { id: taskId, number, sessionId, kind, assignee, role, queuedAt } = head;
  const waitsSince = Math.max(queuedAt, freedAt);
  const blocked = others.filter((task) => task.assignee !== assignee || task.role !== role).length;
  return { namespace, sessionId, taskId, number, kind, assignee, role, waitsSince, blocked };
}

function addTo<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
