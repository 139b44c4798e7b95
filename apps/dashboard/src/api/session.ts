import type { Context, EventType, Json, TaskStatus } from '@agent-orchestrator/core';
import { readResume, resumeCard, shownContext, shownPayload } from '@agent-orchestrator/runtime';
import { Commands, type CommandLine } from './commands.ts';
import { eventRow, type EventRow } from './event-row.ts';
import { missingSession, notYet } from './nearest.ts';
import { upTo, type Moment, type PageReads, type Query } from './page-reads.ts';
import { pastSession } from './past-session.ts';
import { leaseRow, taskRow, type LeaseRow, type TaskRow } from './rows.ts';

export interface SessionAnswer {
  readonly id: string;
  readonly number: number;
  readonly status: string;
  /** null: it is open. */
  readonly closedAt: number | null;
  readonly agent: string | null;
  readonly leaseExpiresAt: number | null;
  readonly heartbeatAt: number | null;
  readonly seq: number;
  /** What the next holder would read first; null in the past, or if there is nothing to continue. */
  readonly card: string | null;
  readonly context: Context | Json;
  readonly contextHidden: boolean;
  /** The past of a very long session is not shown. */
  readonly isTooLong: boolean;
  /** How many tasks of each status it has; statuses without one are left out. */
  readonly tasksByStatus: Readonly<Partial<Record<TaskStatus, number>>>;
  readonly tasks: readonly TaskRow[];
  /** The last ones. */
  readonly leases: readonly LeaseRow[];
  readonly leaseCount: number;
  readonly events: readonly EventRow[];
  readonly eventsMore: boolean;
  readonly commands: readonly CommandLine[];
}

const EVENTS_MAX = 100;
const ROWS_MAX = 50;

/** One session: what an agent that resumed it would get. */
export async function readSession(reads: PageReads, { params, moment }: Query): Promise<SessionAnswer> {
  const { orchestrator, follower, withPayloads } = reads;
  const { history } = follower;
  const asked = params.get('id') ?? '';
  const session = await orchestrator.getSession(asked);
  if (session === null) throw await missingSession(reads, asked, moment);
  const { id, number } = session;
  const past = moment.isPast ? await pastSession(reads, id, moment.eventId) : null;
  if (past !== null && past.session === null && !past.isTooLong) throw notYet('session');
  const shown = past?.session ?? session;
  const context = past === null ? presentOf(session.context) : contextIn(past.session?.context ?? null);
  const events = await orchestrator.listEvents({ sessionId: id, ...upTo(moment), before: null, limit: EVENTS_MAX });
  const tasks: TaskRow[] = [];
  for (const [name, then] of history.tasks.ofSession(id, moment.ordinal, moment.at)) {
    if (tasks.length === ROWS_MAX) break;
    tasks.push(taskRow(history, name, then));
  }
  const leases = history.leases.ofSession(id, moment.ordinal, ROWS_MAX);
  return {
    id,
    number,
    status: shown.status,
    closedAt: shown.status === 'closed' ? await closedAt(reads, id, moment) : null,
    agent: shown.agent,
    leaseExpiresAt: moment.isPast ? null : session.leaseExpiresAt,
    heartbeatAt: moment.isPast ? null : session.heartbeatAt,
    seq: shown.seq,
    card: moment.isPast ? null : await cardOf(reads, id),
    context,
    contextHidden: !withPayloads,
    isTooLong: past?.isTooLong ?? false,
    tasksByStatus: await countsOf(reads, id, moment),
    tasks,
    leases: leases.map((lease) => leaseRow(history, lease)),
    leaseCount: history.leases.countOfSession(id, moment.ordinal),
    events: events.items.map((event) => eventRow(history, event)),
    eventsMore: events.next !== null,
    commands: moment.isPast ? [] : [new Commands(reads.commandOptions).of('resume', session)],
  };
}

/** Nothing happens in a session after it was closed. */
async function closedAt({ orchestrator }: PageReads, sessionId: string, moment: Moment): Promise<number | null> {
  const types: EventType[] = ['session.closed'];
  const { items } = await orchestrator.listEvents({ sessionId, types, ...upTo(moment), before: null, limit: 1 });
  return items[0]?.at ?? null;
}

async function countsOf(
  { orchestrator, follower }: PageReads,
  sessionId: string,
  { ordinal, at, isPast }: Moment,
): Promise<SessionAnswer['tasksByStatus']> {
  if (!isPast) {
    const counts = Object.entries(await orchestrator.countsOfSession(sessionId));
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }
  const counts: Partial<Record<TaskStatus, number>> = {};
  for (const [, { status }] of follower.history.tasks.ofSession(sessionId, ordinal, at))
    counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

async function cardOf({ orchestrator }: PageReads, sessionId: string): Promise<string | null> {
  const { facts, names } = await readResume(orchestrator, { sessionId });
  return facts === null ? null : resumeCard({ facts, names });
}

function presentOf(context: Context | null): Context | null {
  return context === null ? null : shownContext(context);
}

function contextIn(text: string | null): Json {
  return text === null ? null : shownPayload(JSON.parse(text) as Json);
}
