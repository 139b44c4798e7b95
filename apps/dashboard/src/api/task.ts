import type { Condition, Json, TaskRecord, TaskStatus } from '@agent-orchestrator/core';
import { askWhy, isAsking, shownResult, TASK_TRANSITIONS, toTaskRecord } from '@agent-orchestrator/runtime';
import { Commands, type CommandEffect, type CommandLine } from './commands.ts';
import { eventRow, type EventRow } from './event-row.ts';
import { missingTask, notYet } from './nearest.ts';
import { upTo, type Moment, type PageReads, type Query } from './page-reads.ts';
import { pastSession } from './past-session.ts';
import { leaseRow, type LeaseRow } from './rows.ts';
import { relationsOf, type TaskRelations } from './task-relations.ts';

export interface TaskAnswer extends TaskRelations {
  readonly id: string;
  readonly number: number;
  readonly sessionId: string;
  readonly sessionNumber: number | null;
  readonly kind: string;
  readonly title: string;
  readonly status: TaskStatus;
  readonly handedOff: boolean;
  /** The fields of the row; null in the past of a session that is too long. */
  readonly row: Readonly<{
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
    askedBy: string | null;
    askedOf: string | null;
    answer: string | null;
    cancelRequestedAt: number | null;
  }> | null;
  readonly error: Json;
  /** null: there is none, or it is not shown. */
  readonly payload: Json;
  readonly result: Json;
  readonly payloadsHidden: boolean;
  /** Why it can or cannot be claimed; null in the past. */
  readonly why: Readonly<{ claimable: boolean; conditions: readonly Condition[]; headsBefore: number | null }> | null;
  /** The last ones. */
  readonly leases: readonly LeaseRow[];
  readonly leaseCount: number;
  readonly review: Readonly<{ role: string; approvals: number; round: number }> | null;
  /** The newest first. */
  readonly events: readonly EventRow[];
  readonly eventsMore: boolean;
  readonly commands: readonly CommandLine[];
}

const EVENTS_MAX = 100;
const LEASES_MAX = 100;

/** One task: where it is, why, and what happened to it. */
export async function readTask(reads: PageReads, { params, moment }: Query): Promise<TaskAnswer> {
  const { orchestrator, follower, withPayloads } = reads;
  const { history } = follower;
  const asked = params.get('id') ?? '';
  const present = await orchestrator.getTask(asked);
  if (present === null) throw await missingTask(reads, asked, moment);
  const { id, number, sessionId, kind, title } = present;
  const known = history.tasks.numberOf(id);
  const then = known === -1 ? null : history.tasks.momentOf(known, moment.ordinal, moment.at);
  if (moment.isPast && then === null) throw notYet('task');
  const task = moment.isPast ? await taskThen(reads, present, moment) : present;
  const events = await orchestrator.listEvents({ taskId: id, ...upTo(moment), before: null, limit: EVENTS_MAX });
  return {
    id,
    number,
    sessionId,
    sessionNumber: history.sessionNumber(sessionId),
    kind,
    title,
    status: moment.isPast ? (then?.status ?? present.status) : present.status,
    handedOff: moment.isPast ? (then?.handedOff ?? false) : present.handedOffBy !== null,
    row: task === null ? null : fieldsOf(task),
    error: (task?.error ?? null) as Json,
    payload: present.payload as Json,
    result: shownResult(task?.result ?? null) as Json,
    payloadsHidden: !withPayloads,
    why: moment.isPast ? null : await whyOf(reads, id),
    leases: history.leases.ofTask(known, moment.ordinal, LEASES_MAX).map((lease) => leaseRow(history, lease)),
    leaseCount: history.leases.countOfTask(known, moment.ordinal),
    ...(await relationsOf(reads, task ?? { ...present, review: null }, moment)),
    review: task?.review ?? null,
    events: events.items.map((event) => eventRow(history, event)),
    eventsMore: events.next !== null,
    commands: moment.isPast ? [] : commandsFor(reads, present),
  };
}

/** The task as it was; null: its session is too long to tell. */
async function taskThen(reads: PageReads, { id, sessionId }: TaskRecord, { eventId }: Moment) {
  const task = (await pastSession(reads, sessionId, eventId)).tasks.get(id);
  return task === undefined ? null : toTaskRecord(task);
}

function fieldsOf(task: TaskRecord): TaskAnswer['row'] {
  const { attempt, attemptsMax, interruptions, interruptionsMax, assignee, role, runAt, createdAt } = task;
  const { startedAt, finishedAt, note, question, askedBy, answer } = task;
  const askedOf = task.askedAgent ?? task.askedRole;
  return {
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
    askedBy,
    askedOf,
    answer,
    cancelRequestedAt: task.cancelRequestedAt,
  };
}

async function whyOf({ orchestrator }: PageReads, id: string): Promise<TaskAnswer['why']> {
  const answer = await askWhy(orchestrator, { id, subject: 'task' });
  if (answer?.why.subject !== 'task') return null;
  const { claimable, conditions, headsBefore } = answer.why;
  return { claimable, conditions, headsBefore };
}

/** What may be done with it now, by the table of its life. */
function commandsFor({ commandOptions }: PageReads, task: TaskRecord): readonly CommandLine[] {
  const commands = new Commands(commandOptions);
  const can = (command: string) => TASK_TRANSITIONS.some((one) => one.from === task.status && one.command === command);
  const effects: readonly (readonly [CommandEffect, boolean])[] = [
    ['answer', isAsking(task)],
    ['approve', task.status === 'in_review'],
    ['request_changes', task.status === 'in_review'],
    ['retry', can('retry')],
    ['cancel', can('cancel')],
  ];
  return effects.flatMap(([effect, isAllowed]) => (isAllowed ? [commands.of(effect, task)] : []));
}
