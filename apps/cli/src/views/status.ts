import type { EventRecord, TaskRecord } from '@agent-orchestrator/core';
import { capped } from '../output/counts.ts';
import { printable, shorten } from '../output/printable.ts';
import { state, type Paint } from '../output/style.ts';
import { labelCell, table } from '../output/table.ts';
import { relative } from '../output/time.ts';
import {
  keysIn,
  labelOf,
  nameOf,
  numberOf,
  type OpenHandOff,
  type BlockedTask,
  type Names,
  type Status,
  type Working,
} from '@agent-orchestrator/runtime';
import { registryEntry } from './agent.ts';
import { LIST_DEAD_LETTERS } from './dead-letters.ts';
import { handOffText, noteText } from './hand-off.ts';
import { questionLine } from './question.ts';
import { typeWords } from './since.ts';
import { taskLine } from './task.ts';

/** The screen: what needs the operator, then the agents at work, then the counts. */
export function statusLines(status: Status, names: Names, now: number, paint: Paint): string[] {
  return [
    ...needsYou(status, names, now, paint),
    '',
    ...working(status, now, paint),
    '',
    ...handedOff(status, now, paint),
    ...counts(status, paint),
    ...oldest(status, now, paint),
  ];
}

function needsYou(
  {
    needsYou: { questions, deadLetters, blocked, inReview, stale, cancellationsPending, refused, keyChanges, counts },
    blockedUnread,
    countedUpTo,
  }: Status,
  names: Names,
  now: number,
  paint: Paint,
): string[] {
  const lines = [
    ...questions.map((task) => `  ${questionLine(task, now, paint)}`),
    ...more(counts.questions, questions.length, countedUpTo, 'open questions: orchestrator ask list'),
    ...deadLetters.map((task) => `  ${taskLine(task, paint)}  ${paint('dim', 'orchestrator task show, task retry')}`),
    ...more(counts.deadLetters, deadLetters.length, countedUpTo, `dead letters: ${LIST_DEAD_LETTERS}`),
    ...inReview.map((task) => reviewLine(task, paint)),
    ...more(counts.inReview, inReview.length, countedUpTo, 'in review: orchestrator task list --status in_review'),
    ...blocked.map((one) => blockedLine(one, paint)),
    ...more(
      counts.blocked,
      blocked.length,
      countedUpTo,
      'blocked by a task that did not succeed: orchestrator task list --status blocked',
    ),
    ...(blockedUnread > 0
      ? [`  … ${blockedUnread} more blocked tasks were not looked at: orchestrator task list --status blocked`]
      : []),
    ...stale.map((one) => staleLine(one, now, paint)),
    ...more(counts.stale, stale.length, countedUpTo, 'stale: orchestrator session list --stale'),
    ...cancellationsPending.map((one) => cancellationLine(one, now, paint)),
    ...more(
      counts.cancellationsPending,
      cancellationsPending.length,
      countedUpTo,
      'asked to stop: orchestrator task list --status running',
    ),
    ...refused.map((event) => refusedLine(event, names, now, paint)),
    ...more(
      counts.refused,
      refused.length,
      countedUpTo,
      'refused in the last hour: orchestrator events --type lease.refused',
    ),
    ...keyChanges.map((event) => keyLine(event, now, paint)),
    ...more(
      counts.keyChanges,
      keyChanges.length,
      countedUpTo,
      `changes of keys in the last hour: orchestrator events${typeWords('keys')}`,
    ),
  ];
  return [paint('bold', 'NEEDS YOU'), ...(lines.length === 0 ? ['  nothing'] : lines)];
}

function reviewLine(task: TaskRecord, paint: Paint): string {
  const by = task.review === null ? '' : `by role ${task.review.role}`;
  return `  ${taskLine(task, paint)}  ${by}  ${paint('dim', 'orchestrator approve, request-changes')}`;
}

function blockedLine({ task, failed }: BlockedTask, paint: Paint): string {
  const names = failed.slice(0, 3).map((one) => `${nameOf('task', one)} (${one.status})`);
  const more = failed.length > names.length ? ', …' : '';
  const next = paint('dim', 'orchestrator task graph, task retry');
  return `  ${taskLine(task, paint)}  waits for ${names.join(', ')}${more}  ${next}`;
}

function staleLine(one: Working, now: number, paint: Paint): string {
  const said = `${agentOf(one)}, last heartbeat ${ago(one.heartbeatAt, now)}`;
  return `  ${state('stale', paint)}  session ${nameOfSession(one)}  ${said}  ${paint('dim', 'orchestrator recover')}`;
}

function cancellationLine(one: Working, now: number, paint: Paint): string {
  const { task, cancelRequestedAt } = one;
  const name = task === null ? '' : `task ${nameOf('task', task)}`;
  const said = `${agentOf(one)} has not stopped, requested ${ago(cancelRequestedAt, now)}`;
  return `  ${paint('yellow', '⊘ cancel requested')}  ${name}  ${said}`;
}

function refusedLine(event: EventRecord, names: Names, now: number, paint: Paint): string {
  const session = names.sessionLabel(event.streamId);
  const said = `a late write of ${event.agent ?? 'an unnamed agent'} was refused ${ago(event.at, now)}`;
  return `  ${state('refused', paint)}  session ${session}  ${said}  ${paint('dim', `event #${event.id}`)}`;
}

/** Any agent can replace a key: the owner of the key compares the fingerprint. */
function keyLine(event: EventRecord, now: number, paint: Paint): string {
  const said = `${registryEntry(event.streamId)}: ${keysIn(event) ?? ''}, set ${ago(event.at, now)}`;
  return `  ${paint('yellow', '! key')}  ${said}  ${paint('dim', `event #${event.id}`)}`;
}

function working(status: Status, now: number, paint: Paint): string[] {
  if (status.working.length === 0) return [paint('bold', 'AT WORK'), '  no agent'];
  const rows = status.working.map((one) => [
    `  ${state(one.stale ? 'stale' : 'running', paint)}`,
    agentOf(one),
    labelCell(labelOf('session', { id: one.sessionId, number: one.number })),
    relative(one.leaseExpiresAt ?? now, now),
    doing(one),
  ]);
  return [
    paint('bold', 'AT WORK'),
    ...table(['  STATE', 'AGENT', 'SESSION', 'LEASE ENDS', 'TASK'], rows, paint),
    ...more(
      status.counts.sessions.running,
      status.working.length,
      status.countedUpTo,
      'at work: orchestrator session list --status running',
    ),
  ];
}

/** Left out while there are none: most stores have none. */
function handedOff({ handOffs: { count, isCapped, tasks } }: Status, now: number, paint: Paint): string[] {
  if (count === 0) return [];
  const line = (task: OpenHandOff) => {
    const name = `${state(task.status, paint)}  ${labelOf('task', task)}  ${shorten(printable(task.title), 40)}`;
    return `  ${name}  ${handOffText(task, now) ?? ''}${unknownText(task, paint)}${noteText(task.note)}`;
  };
  const upTo = isCapped ? count : count + 1;
  const rest = more(count, tasks.length, upTo, 'handed off: orchestrator task list --handed-off');
  return [paint('bold', 'HANDED OFF'), ...tasks.map(line), ...rest, ''];
}

/** A name or a role that no agent has is allowed, and mostly a mistake. */
function unknownText({ receiverUnknown, assignee }: OpenHandOff, paint: Paint): string {
  return receiverUnknown ? `  ${paint('yellow', `no agent has this ${assignee === null ? 'role' : 'name'}`)}` : '';
}

/** The holder, and whether it is the one that asks. */
function agentOf({ agent, you }: Working): string {
  return `${agent ?? ''}${you ? ' (you)' : ''}`;
}

function nameOfSession({ sessionId: id, number }: Working): string {
  return nameOf('session', { id, number });
}

function doing({ task, nextAction }: Working): string {
  const title = task === null ? '' : `${numberOf('task', task)} ${shorten(printable(task.title), 50)}`;
  return nextAction === null ? title : `${title} (next: ${shorten(printable(nextAction), 50)})`;
}

function counts({ counts, countedUpTo }: Status, paint: Paint): string[] {
  const told = (of: Readonly<Record<string, number>>) =>
    Object.entries(of)
      .map(([word, count]) => `${state(word, paint)} ${capped(count, countedUpTo)}`)
      .join('   ');
  return [
    `${paint('bold', 'TASKS')}     ${told(counts.tasks)}`,
    `${paint('bold', 'SESSIONS')}  ${told(counts.sessions)}`,
  ];
}

/** A task that has waited for less is no news. */
const LONG_MS = 60_000;

function oldest({ oldestClaimable: { task, isCapped } }: Status, now: number, paint: Paint): string[] {
  const isLong = task !== null && now - task.queuedAt >= LONG_MS;
  const found = isLong ? [`${oldestName(task)}  can be claimed, queued ${relative(task.queuedAt, now)}`] : [];
  const unseen = isCapped ? ['not all were looked at, so another task may have waited longer'] : [];
  const said = [...found, ...unseen];
  return said.length === 0 ? [] : [`${paint('bold', 'OLDEST')}    ${said.join('; ')}`];
}

function oldestName(task: NonNullable<Status['oldestClaimable']['task']>): string {
  return `${labelOf('task', task)}  ${shorten(printable(task.title), 40)}`;
}

function more(count: number, shown: number, countedUpTo: number, what: string): string[] {
  return count > shown ? [`  … ${capped(count, countedUpTo)} ${what}`] : [];
}

function ago(at: number | null, now: number): string {
  return at === null ? 'never' : relative(at, now);
}
