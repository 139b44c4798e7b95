import type { EventRecord, SessionRecord, TaskRecord } from '@agent-orchestrator/core';
import { approvalText, counted, labelOf, quoted, TASK_TEXT_NAMES, type Names } from '@agent-orchestrator/runtime';
import { wordsOf } from '../input/task-texts.ts';
import { printable, shorten } from '../output/printable.ts';
import { state, type Paint } from '../output/style.ts';
import { fields, labelCell, table } from '../output/table.ts';
import { moment, relative } from '../output/time.ts';
import { resultFields } from './artifact.ts';
import { eventLine } from './event.ts';
import { handOffText } from './hand-off.ts';
import { jsonText } from './json-text.ts';
import { agentRun } from './session.ts';

const TITLE_COLUMNS = 60;

/** One line: the status of a task, its name and its title. */
export function taskLine(task: TaskRecord, paint: Paint): string {
  const title = shorten(printable(task.title), TITLE_COLUMNS);
  return `${state(task.status, paint)}  ${labelOf('task', task)}  ${title}`;
}

export function taskTable(tasks: readonly TaskRecord[], names: Names, now: number, paint: Paint): string[] {
  if (tasks.length === 0) return ['no tasks'];
  const rows = tasks.map((task) => [
    state(task.status, paint),
    labelCell(labelOf('task', task)),
    task.sessionId === task.id ? '-' : labelCell(names.sessionLabel(task.sessionId)),
    task.kind,
    String(task.priority),
    `${task.attempt}/${task.attemptsMax}`,
    relative(
      task.status === 'scheduled' && task.runAt !== null
        ? task.runAt
        : (task.finishedAt ?? task.startedAt ?? task.createdAt),
      now,
    ),
    shorten(printable(task.title), TITLE_COLUMNS),
  ]);
  return table(['STATUS', 'TASK', 'SESSION', 'KIND', 'PRIO', 'TRY', 'WHEN', 'TITLE'], rows, paint);
}

/** The lease of a running task, from its session. */
export interface TaskLease {
  readonly agent: string | null;
  readonly instance: string | null;
  readonly fence: number | null;
  readonly expiresAt: number | null;
  readonly heartbeatAt: number | null;
  readonly staleAt: number | null;
}

export function leaseOfTask(task: TaskRecord, session: SessionRecord | null): TaskLease | null {
  if (session === null || session.taskId !== task.id) return null;
  const { agent, instance, fence, leaseExpiresAt: expiresAt, heartbeatAt, staleAt } = session;
  return { agent, instance, fence, expiresAt, heartbeatAt, staleAt };
}

export function taskCard(
  task: TaskRecord,
  lease: TaskLease | null,
  history: readonly EventRecord[],
  names: Names,
  now: number,
  paint: Paint,
): string[] {
  const time = (at: number | null) => (at === null ? null : moment(at, now));
  return [
    taskLine(task, paint),
    ...fields(
      [
        ['id', task.id],
        ['session', names.sessionLabel(task.sessionId)],
        ['kind', task.kind],
        ['priority', String(task.priority)],
        ['attempts', `${task.attempt} of ${task.attemptsMax}`],
        ['interruptions', `${task.interruptions} of ${task.interruptionsMax}`],
        [
          'held by',
          lease === null ? null : `${agentRun(lease.agent ?? '', lease.instance)}, fence ${lease.fence ?? ''}`,
        ],
        ['lease expires', lease === null ? null : time(lease.expiresAt)],
        ['only for', task.assignee ?? (task.role === null ? null : `role ${task.role}`)],
        ['handed off', handOffText(task, now)],
        ['dedupe key', task.dedupeKey && `${task.dedupeKey}${task.dedupeWhile === 'open' ? ', until it ends' : ''}`],
        ['review', reviewText(task, names)],
        ['result sha256', task.review?.resultSha256 ?? null],
        ['reviews', reviewedText(task, names)],
        ['not for', task.reviewOf === null ? null : task.reviewOf.notFor.join(', ')],
        ...TASK_TEXT_NAMES.map((name): [string, string | null] => [wordsOf(name), task[name]]),
        ['waits for', task.openDependencies === null ? null : dependenciesOf(task)],
        ['created', time(task.createdAt)],
        ['not before', task.status === 'scheduled' ? time(task.runAt) : null],
        ['started', time(task.startedAt)],
        ['finished', time(task.finishedAt)],
        ['cancel requested', time(task.cancelRequestedAt)],
        ['note', task.note],
        ...questionFields(task, now),
        ['payload', jsonText(task.payload)],
        ...resultFields(task.result),
        ['error', jsonText(task.error)],
      ],
      paint,
    ),
    ...(history.length === 0
      ? []
      : ['', paint('dim', 'history'), ...history.map((event) => `  ${eventLine(event, names, paint)}`)]),
  ];
}

/** The last question of a holder, and its answer. */
export function questionFields(task: TaskRecord, now: number): [label: string, value: string | null][] {
  const { question, askedAt, askedBy, askedAgent, askedRole, answer, answeredBy } = task;
  if (question === null || askedAt === null) return [];
  const of = askedAgent ?? (askedRole === null ? 'any agent' : `role ${askedRole}`);
  return [
    ['asked', `${askedBy ?? 'its holder'} asked ${of}, ${moment(askedAt, now)}`],
    ['question', quoted(question, TEXT_BYTES)],
    ['answer', answer === null ? null : `${answeredBy ?? 'an unnamed agent'}: ${quoted(answer, TEXT_BYTES)}`],
  ];
}

/** The whole of a question, whatever its characters. */
const TEXT_BYTES = 100_000;

/** The ids of the tasks that its card names. */
export function namedBy({ review, reviewOf }: TaskRecord): string[] {
  return [...(reviewOf === null ? [] : [reviewOf.taskId]), ...(review?.open ?? [])];
}

function reviewedText({ reviewOf }: TaskRecord, names: Names): string | null {
  return reviewOf === null ? null : `${names.taskLabel(reviewOf.taskId)}, round ${reviewOf.round}`;
}

function reviewText({ review, status }: TaskRecord, names: Names): string | null {
  if (review === null) return null;
  const { role, approvals, approved, open, round } = review;
  const asks = `by role ${role}, ${counted(approvals, 'approval')}`;
  const by = approved.map(approvalText).join('; ');
  const given = by && `; approved by ${by}`;
  if (status !== 'in_review') return round === 0 ? asks : `${asks}; ${counted(round, 'round')} so far${given}`;
  const waiting = open.map((id) => names.task(id)).join(', ');
  return `${asks}; round ${round}: ${approved.length} approved${by && ` (${by})`}, open: ${waiting}`;
}

function dependenciesOf({ openDependencies, onDependencyFailure }: TaskRecord): string {
  const open = openDependencies === 0 ? 'no task any more' : counted(openDependencies ?? 0, 'task');
  return `${open}; if one does not succeed: ${onDependencyFailure}`;
}
