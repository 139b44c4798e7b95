/**
 * What the events of a review do to it and to the reviewed task. `evolve` calls it, and the command that ends several
 * reviews in one step.
 */
import { NO_HAND_OFF } from '../model/hand-off.ts';
import { reviewOf, reviewOn, type Review, type ReviewFields } from '../model/review.ts';
import type { JsonText } from '../model/json.ts';
import { LIMITS } from '../model/limits.ts';
import { counted } from '../model/quantities.ts';
import type { Task } from '../model/task.ts';
import { canonicalize } from './canonical.ts';
import type { EventPayloads } from './events.ts';

type Changed<Field extends keyof Task> = Pick<Task, Field>;

/** Most tasks ask for no review and are none. */
export function reviewFieldsFromEvent({ review, review_of: of }: EventPayloads['task.queued']): ReviewFields {
  return {
    review: review === undefined ? null : canonicalize({ ...review, round: 0, open: [], approved: [], holders: [] }),
    reviewOf: of === undefined ? null : canonicalize(of),
  };
}

/** A task that asks for a review remembers who held it. */
export function heldBy(task: Task, agent: string | null): Task {
  const holders = reviewOn(task)?.holders;
  if (holders === undefined || agent === null || holders.includes(agent)) return task;
  return { ...task, review: changed(task, { holders: [...holders, agent] }) };
}

export function reviewRequested(
  task: Task,
  { result, round, reviews }: EventPayloads['task.review_requested'],
): Changed<'result' | 'review'> {
  return {
    result: result === null ? null : canonicalize(result),
    review: changed(task, { round, open: reviews, approved: [] }),
  };
}

export function approved(
  task: Task,
  { review, proof, signature }: EventPayloads['task.approved'],
  agent: string | null,
): Changed<'review'> {
  const { open = [], approved: before = [] } = reviewOn(task) ?? {};
  const approval = { review, agent: agent ?? '', proof, ...(signature && { key: signature.key }) };
  return { review: changed(task, { open: open.filter((id) => id !== review), approved: [...before, approval] }) };
}

/** Each agent gives one verdict in a round. A review that was for this one is for its role: others can claim it. */
export function reviewerExcluded(task: Task, { reviewer, role }: EventPayloads['task.reviewer_excluded']): Task {
  const of = reviewOf(task);
  if (of === null) return task;
  const [notFor, judgedBy] = [of.not_for, of.judged_by ?? []].map((names) => [...new Set([...names, reviewer])]);
  const excluded = { ...task, reviewOf: canonicalize({ ...of, not_for: notFor, judged_by: judgedBy }) };
  return role === undefined ? excluded : { ...excluded, assignee: null, role, ...NO_HAND_OFF };
}

/** The notes are for the next holder. What was reviewed stays in the log. */
export function changesRequested(
  task: Task,
  { round, notes, final }: EventPayloads['task.changes_requested'],
): Changed<'review' | 'note' | 'result' | 'error'> {
  const error = {
    code: 'review_rounds_exceeded',
    message: `Its review asked for changes ${counted(round, 'time')}; the limit is ${LIMITS.review_rounds_max}.`,
  };
  return {
    review: changed(task, { open: [], approved: [] }),
    note: notes,
    result: null,
    error: final ? canonicalize(error) : task.error,
  };
}

/** After a retry by hand, the rounds are counted anew. */
export function firstRound(task: Task): JsonText | null {
  return changed(task, { round: 0, open: [], approved: [] });
}

function changed(task: Task, change: Partial<Review>): JsonText | null {
  const review = reviewOn(task);
  return review === null ? null : canonicalize({ ...review, ...change });
}
