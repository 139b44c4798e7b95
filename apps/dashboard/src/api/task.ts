import type { Condition, Dependency, Json, TaskRecord, TaskStatus } from '@agent-orchestrator/core';
import { askWhy, DEAD_LETTER_STATUSES, isEnded } from '@agent-orchestrator/runtime';
import { Commands, type CommandLine } from './commands.ts';
import { QueryError, type Moment, type PageReads, type Query } from './page-reads.ts';
import { eventRow, type EventRow } from './event-row.ts';
import { leaseRow, type LeaseRow } from './rows.ts';

/** Another task, in brief. */
export interface OtherTask {
  readonly id: string;
  readonly number: number | null;
  readonly title: string | null;
  readonly status: TaskStatus | null;
}

export interface TaskAnswer {
  readonly id: string;
  readonly number: number;
  readonly sessionId: string;
  readonly sessionNumber: number | null;
  readonly kind: string;
  readonly title: string;
  readonly status: TaskStatus;
  readonly handedOff: boolean;
  /** The fields of the row; null in the past, where the events tell. */
  readonly row: Readonly<{
    priority: number;
    attempt: number;
    attemptsMax: number;
    interruptions: number;
    interruptionsMax: number;
    assignee: string | null;
    role: string | null;
    runAt: number | null;
    createdAt: number;
    startedAt: number | null;
    finishedAt: number | null;
    note: string | null;
    question: string | null;
    askedAt: number | null;
    askedBy: string | null;
    askedOf: string | null;
    answer: string | null;
    answeredBy: string | null;
    dedupeKey: string | null;
    cancelRequestedAt: number | null;
  }> | null;
  readonly error: Json;
  /** null: there is none, or it is not shown. */
  readonly payload: Json;
  readonly result: Json;
  readonly payloadsHidden: boolean;
  /** Why it can or cannot be claimed; null in the past. */
  readonly why: Readonly<{ claimable: boolean; conditions: readonly Condition[]; headsBefore: number | null }> | null;
  readonly leases: readonly LeaseRow[];
  readonly dependsOn: readonly OtherTask[];
  readonly dependents: readonly OtherTask[];
  readonly subtasks: readonly OtherTask[];
  readonly parent: OtherTask | null;
  readonly review: Readonly<{ role: string; approvals: number; round: number }> | null;
  readonly reviews: readonly OtherTask[];
  readonly reviewOf: OtherTask | null;
  /** The newest first. */
  readonly events: readonly EventRow[];
  readonly eventsMore: boolean;
  readonly commands: readonly CommandLine[];
}

const EVENTS_MAX = 100;
const OTHERS_MAX = 50;

/** One task: where it is, why, and what happened to it. */
export async function readTask(reads: PageReads, { params, moment }: Query): Promise<TaskAnswer> {
  const { orchestrator, follower, withPayloads } = reads;
  const { history } = follower;
  const task = await orchestrator.getTask(params.get('id') ?? '');
  if (task === null) throw new QueryError('There is no such task.', 404);
  const { id, number, sessionId, kind, title } = task;
  const known = history.tasks.numberOf(id);
  const then = known === -1 ? null : history.tasks.momentOf(known, moment.ordinal, moment.at);
  if (moment.isPast && then === null) throw new QueryError('The task was not there yet at that moment.', 404);
  const status = moment.isPast ? (then?.status ?? task.status) : task.status;
  const events = await orchestrator.listEvents({ taskId: id, ...upTo(moment), before: null, limit: EVENTS_MAX });
  return {
    id,
    number,
    sessionId,
    sessionNumber: history.sessionNumber(sessionId),
    kind,
    title,
    status,
    handedOff: moment.isPast ? (then?.handedOff ?? false) : task.handedOffBy !== null,
    row: moment.isPast ? null : fieldsOf(task),
    error: moment.isPast ? null : (task.error as Json),
    payload: withPayloads ? (task.payload as Json) : null,
    result: withPayloads && !moment.isPast ? (task.result as Json) : null,
    payloadsHidden: !withPayloads,
    why: moment.isPast ? null : await whyOf(reads, id),
    leases: leasesOf(reads, known, moment),
    ...(await related(reads, task, moment)),
    review: task.review,
    reviews: reviewsOf(task).map((one) => other(reads, one, moment)),
    reviewOf: task.reviewOf === null ? null : other(reads, task.reviewOf.taskId, moment),
    events: events.items.map((event) => eventRow(history, event)),
    eventsMore: events.next !== null,
    commands: moment.isPast ? [] : commandsFor(reads, task),
  };
}

/** Lists of the past end at its event. */
export function upTo({ isPast, eventId }: Moment): { readonly upTo?: number } {
  return isPast ? { upTo: eventId } : {};
}

function fieldsOf(task: TaskRecord): TaskAnswer['row'] {
  const { priority, attempt, attemptsMax, interruptions, interruptionsMax, assignee, role, runAt, createdAt } = task;
  const { startedAt, finishedAt, note, question, askedAt, askedBy, answer, answeredBy, dedupeKey } = task;
  const askedOf = task.askedAgent ?? task.askedRole;
  return {
    priority,
    attempt,
    attemptsMax,
    interruptions,
    interruptionsMax,
    assignee,
    role,
    runAt,
    createdAt,
    startedAt,
    finishedAt,
    note,
    question,
    askedAt,
    askedBy,
    askedOf,
    answer,
    answeredBy,
    dedupeKey,
    cancelRequestedAt: task.cancelRequestedAt,
  };
}

async function whyOf({ orchestrator }: PageReads, id: string): Promise<TaskAnswer['why']> {
  const answer = await askWhy(orchestrator, { id, subject: 'task' });
  if (answer?.why.subject !== 'task') return null;
  const { claimable, conditions, headsBefore } = answer.why;
  return { claimable, conditions, headsBefore };
}

function leasesOf({ follower }: PageReads, task: number, { ordinal }: Moment): readonly LeaseRow[] {
  const { history } = follower;
  const found: LeaseRow[] = [];
  if (task === -1) return found;
  for (const lease of history.leases.between(0, Number.MAX_SAFE_INTEGER, ordinal))
    if (lease.task === task) found.push(leaseRow(history, lease));
  return found;
}

async function related(
  reads: PageReads,
  { id, parentId }: TaskRecord,
  moment: Moment,
): Promise<Pick<TaskAnswer, 'dependsOn' | 'dependents' | 'subtasks' | 'parent'>> {
  const { orchestrator } = reads;
  const page = { limit: OTHERS_MAX };
  const dependsOn = await orchestrator.listDependencies({ taskId: id, ...page });
  const dependents = await orchestrator.listDependencies({ dependencyId: id, ...page });
  const subtasks = await orchestrator.listTasks({ parentId: id, ...page });
  const named = (one: string) => other(reads, one, moment);
  return {
    dependsOn: dependsOn.items.map(({ dependencyId }: Dependency) => named(dependencyId)),
    dependents: dependents.items.map(({ taskId }: Dependency) => named(taskId)),
    subtasks: subtasks.items.map((one) => named(one.id)),
    parent: parentId === null ? null : named(parentId),
  };
}

/** The ids of the review tasks of its last round. */
function reviewsOf({ review }: TaskRecord): readonly string[] {
  return review === null ? [] : [...review.open, ...review.approved.map((one) => one.review)];
}

function other({ follower }: PageReads, id: string, { ordinal, at }: Moment): OtherTask {
  const { tasks } = follower.history;
  const known = tasks.numberOf(id);
  const name = tasks.nameOf(known);
  const status = known === -1 ? null : (tasks.momentOf(known, ordinal, at)?.status ?? null);
  return { id, number: name?.number ?? null, title: name?.title ?? null, status };
}

function commandsFor({ commandOptions }: PageReads, task: TaskRecord): readonly CommandLine[] {
  const commands = new Commands(commandOptions);
  const { status } = task;
  if (status === 'waiting') return [commands.of('answer', task), commands.of('cancel', task)];
  if (status === 'in_review') return [commands.of('approve', task), commands.of('request_changes', task)];
  if (DEAD_LETTER_STATUSES.includes(status) || status === 'cancelled') return [commands.of('retry', task)];
  return isEnded(status) ? [] : [commands.of('cancel', task)];
}
