/**
 * The event with which a holder ends its lease: what it reported, and what that does to the task.
 */
import { backoffMs } from '../model/backoff.ts';
import { jitterFor } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import { isVerdict } from '../model/review.ts';
import { isEnded } from '../model/statuses.ts';
import { compareCodePoints } from '../model/text.ts';
import type { Task } from '../model/task.ts';
import { canonicalize } from '../log/canonical.ts';
import type { EventPayloads, LEASE_END_EVENTS, WaitedFor } from '../log/events.ts';
import { statusAfter } from '../log/lifecycle.ts';
import type { AwaitedTasks } from './awaited-tasks.ts';
import { handOffTerms, recipient } from './hand-off.ts';
import type { ReleaseItem } from './release-input.ts';
import { nextRound, reviewIds } from './review.ts';

type TaskEndType = (typeof LEASE_END_EVENTS)['holder'][number];
export type TaskEnd = { [T in TaskEndType]: { readonly type: T; readonly payload: EventPayloads[T] } }[TaskEndType];

/** The command of a release, the item's place in it, and the time. */
interface ReleasedBy {
  readonly commandId: string;
  readonly at: number;
  readonly now: number;
  readonly awaited: AwaitedTasks;
}

/**
 * The event for the reported outcome. If cancellation was requested, the task ends as cancelled, unless it succeeded.
 *
 * @throws for a task that is to wait for others: see `AwaitedTasks`
 */
export function taskEndOf(input: ReleaseItem, { commandId, at, now, awaited }: ReleasedBy, task: Task): TaskEnd {
  const { outcome, note = null } = input;
  const error: Json = input.error ?? null;
  const review = nextRound(task);
  if (outcome === 'succeeded' && review === null)
    return { type: 'task.succeeded', payload: { outcome, result: input.result ?? null } };
  if (outcome === 'cancelled' || task.cancelRequestedAt !== null)
    return { type: 'task.cancelled', payload: { outcome, error } };
  switch (outcome) {
    case 'succeeded': {
      const { round = 1, approvals = 1 } = review ?? {};
      const payload = { outcome, result: input.result ?? null, round, reviews: reviewIds(commandId, at, approvals) };
      return { type: 'task.review_requested', payload };
    }
    case 'failed':
      return { type: 'task.failed', payload: { outcome, error, ...retryOf(input, commandId, task, now) } };
    case 'released':
      return { type: 'task.released', payload: { outcome, note } };
    case 'handed_off':
      return { type: 'task.handed_off', payload: { outcome, note, ...handOffTerms(input, now) } };
    case 'waiting': {
      const added = awaited.waitFor(input, task, `items[${at}]`);
      return input.ask === undefined
        ? { type: 'task.waiting', payload: { outcome, ...added } }
        : { type: 'task.asked', payload: { outcome, ...questionOf(input), ...added } };
    }
    case 'approved':
    case 'changes_requested':
      return { type: 'task.succeeded', payload: { outcome, result: { verdict: outcome, notes: note } } };
  }
}

function retryOf(
  input: ReleaseItem,
  commandId: string,
  task: Task,
  now: number,
): Pick<EventPayloads['task.failed'], 'run_at' | 'delay_ms'> {
  if (input.final || task.attempt >= task.attemptsMax) return { run_at: null };
  const delayMs = backoffMs(task.backoffMs, task.attempt, jitterFor(commandId, task.id));
  return { run_at: now + delayMs, delay_ms: delayMs };
}

function questionOf({ ask }: ReleaseItem): Omit<EventPayloads['task.asked'], 'outcome' | keyof WaitedFor> {
  const { assignee, role } = recipient(ask?.to);
  return { question: ask?.question ?? '', asked_agent: assignee, asked_role: role };
}

export function endsForGood({ type, payload }: TaskEnd): boolean {
  const status = statusAfter(type, payload);
  return status !== null && isEnded(status);
}

/** Whether the task is back in its place in the queue at once. */
export function isGivingBack({ type, payload }: TaskEnd): boolean {
  return statusAfter(type, payload) === 'queued';
}

/**
 * Whether a release that is repeated with the same outcome says something else than the event does. Of the end of a
 * task whose cancellation was requested, the event says the error alone.
 */
export function hasOtherTerms(item: ReleaseItem, { type, payload }: TaskEnd): boolean {
  if (type === 'task.cancelled') return canonicalize(item.error ?? null) !== canonicalize(payload.error);
  return (
    canonicalize(termsOf(item)) !== canonicalize(termsIn(payload)) ||
    hasOtherPolicy(item, payload) ||
    isFinalAfterAll(item, type, payload)
  );
}

/** The failure that is told now is final, and the one that was told is tried again. */
function isFinalAfterAll({ final }: ReleaseItem, type: TaskEnd['type'], payload: TaskEnd['payload']): boolean {
  return type === 'task.failed' && final && 'run_at' in payload && payload.run_at !== null;
}

/** A policy that is not given is that of the task, which the holder need not know. */
function hasOtherPolicy({ onDependencyFailure: given }: ReleaseItem, payload: TaskEnd['payload']): boolean {
  const said: { readonly [field: string]: Json | undefined } = { ...payload };
  return given !== undefined && given !== said['on_dependency_failure'];
}

type Terms = readonly (Json | undefined)[];

/** What a caller says of an end, but for its outcome. */
function termsOf(item: ReleaseItem): Json {
  const { outcome, result = null, note = null, error = null, on = [], byMs = null } = item;
  const { assignee, role } = recipient(item.ask?.to ?? item.to);
  const terms: Terms = isVerdict(outcome)
    ? [{ verdict: outcome, notes: note }]
    : [result, note, error, [...new Set(on)].toSorted(compareCodePoints), byMs, assignee, role, item.ask?.question];
  return terms.map((term) => term ?? null);
}

/** The same of the event. */
function termsIn(payload: TaskEnd['payload']): Json {
  const said: { readonly [field: string]: Json | undefined } = { ...payload };
  const { outcome, result, note, error, depends_on: on = [], delay_ms: byMs } = said;
  if (typeof outcome === 'string' && isVerdict(outcome)) return [result ?? null];
  const isHandOff = outcome === 'handed_off';
  const terms: Terms = [
    result,
    note,
    error,
    Array.isArray(on) ? on.map(String).toSorted(compareCodePoints) : on,
    isHandOff ? byMs : null,
    isHandOff ? said['assignee'] : said['asked_agent'],
    isHandOff ? said['role'] : said['asked_role'],
    said['question'],
  ];
  return terms.map((term) => term ?? null);
}
