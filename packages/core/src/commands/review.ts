/**
 * The rules of reviews, for the commands that begin one, end one, or end a task that is being reviewed.
 */
import type { EventDraft } from '../log/events.ts';
import type { Agent } from '../model/agent.ts';
import type { OnDependencyFailure } from '../model/dependency.ts';
import { invalidInput, internalError, OrchestratorError } from '../model/errors.ts';
import { taskIdFor } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { nameOf } from '../model/names.ts';
import {
  hasJudged,
  isBarred,
  isVerdict,
  openReviewsOf,
  REVIEW_KIND,
  reviewOf,
  reviewOn,
  type Review,
  type ReviewOf,
} from '../model/review.ts';
import { phaseOf } from '../model/statuses.ts';
import { firstCodePoints } from '../model/text.ts';
import type { Task } from '../model/task.ts';
import { NO_TASK_TEXTS, textsForEvent } from '../model/task-texts.ts';
import type { Loaded } from '../storage/loaded.ts';
import { reviewerExcluded } from '../log/evolve-review.ts';
import { refusalOf } from './admission.ts';
import type { HeldLease } from './held-lease.ts';
import { closeOwnSession } from './own-session.ts';
import { proofOf, type GivenVerdict } from './verdict-proof.ts';

/** How a holder wants to end a lease, as far as reviews have a rule about it. */
interface ReportedEnd {
  readonly outcome: string;
  readonly to?: { readonly agent?: string | undefined; readonly role?: string | undefined } | undefined;
  readonly onDependencyFailure?: OnDependencyFailure | undefined;
}

/**
 * Checks that the agent gives its first verdict in the round. It may hold two reviews of it: it claimed the second one
 * before it gave the verdict of the first.
 *
 * @throws `REVIEW_TWICE`, unless the review was cancelled, so that its verdict counts for nothing
 */
export function assertFirstVerdict(
  { session: { agent }, task }: Pick<HeldLease, 'session' | 'task'>,
  path: string,
): void {
  if (task.cancelRequestedAt === null && hasJudged(agent, task)) throw secondVerdict(agent, task, `${path}.outcome`);
}

/**
 * Checks that a review ends with a verdict, and nothing else does; not even when a task fails for which it waits.
 *
 * @throws `INVALID_INPUT` that names the outcome or the policy; `REVIEW_OWN_WORK` for a hand-off to an agent that held
 *   the work
 */
export function assertEndFits(
  { outcome, to, onDependencyFailure: policy }: ReportedEnd,
  task: Task,
  path: string,
): void {
  const of = reviewOf(task);
  if (of === null) {
    if (isVerdict(outcome))
      throw invalidInput(`${path}.outcome`, `is a verdict, but ${nameOf('task', task)} is no review`);
    return;
  }
  if (outcome === 'succeeded')
    throw invalidInput(`${path}.outcome`, `must be approved or changes_requested: ${nameOf('task', task)} is a review`);
  if (outcome === 'cancelled' && task.cancelRequestedAt === null)
    throw invalidInput(
      `${path}.outcome`,
      `must not be cancelled: ${nameOf('task', task)} is a review; release it instead`,
    );
  if (policy === 'cancel')
    throw invalidInput(
      `${path}.onDependencyFailure`,
      `must be block or run: ${nameOf('task', task)} is a review, and ends with a verdict`,
    );
  if (to?.agent !== undefined && hasJudged(to.agent, task)) throw secondVerdict(to.agent, task, `${path}.to`);
  if (to?.agent !== undefined && isBarred(to.agent, task))
    throw new OrchestratorError(
      'REVIEW_OWN_WORK',
      `Agent ${to.agent} held the task that ${nameOf('task', task)} reviews.`,
      { field: `${path}.to` },
    );
}

function secondVerdict(agent: string, review: Task, field: string): OrchestratorError {
  const message = `Agent ${agent} has given its verdict in the round of ${nameOf('task', review)}.`;
  return new OrchestratorError('REVIEW_TWICE', message, { field });
}

/** The review that the holder's success begins; null: the task asks for none. */
export function nextRound(task: Task): Review | null {
  const review = reviewOn(task);
  return review === null ? null : { ...review, round: review.round + 1 };
}

/** The ids of the reviews that an item of a release begins. */
export function reviewIds(commandId: string, item: number, approvals: number): string[] {
  return Array.from({ length: approvals }, (_, nth) => taskIdFor(commandId, item * LIMITS.approvals_max + nth));
}

/**
 * The reviews of a task: each in a session of its own, for the role that the task names. The first one is for the
 * agent that the task names as its reviewer, if that one may review it, and may claim by the registry.
 */
export function queueReviews(
  task: Task,
  { role, round, holders }: Review,
  ids: readonly string[],
  { numbers, agents }: { readonly numbers: Iterator<number>; readonly agents: readonly Agent[] },
): EventDraft[] {
  const of: ReviewOf = { task_id: task.id, session_id: task.sessionId, round, role, not_for: holders };
  const { reviewer: named } = task;
  const canReview = named !== null && !holders.includes(named) && refusalOf({ agent: named }, agents) === null;
  const first = canReview ? named : null;
  return ids.flatMap((id, nth): EventDraft[] => {
    const { value: number, done } = numbers.next();
    if (done) throw internalError('The storage gave too few numbers for the reviews.');
    const reviewer = nth === 0 ? first : null;
    return [
      { type: 'session.opened', sessionId: id, payload: { number } },
      {
        type: 'task.queued',
        sessionId: id,
        taskId: id,
        payload: {
          number,
          kind: REVIEW_KIND,
          title: reviewTitle(task.title),
          payload: {},
          priority: task.priority,
          dedupe_key: null,
          run_at: null,
          attempts_max: task.attemptsMax,
          interruptions_max: task.interruptionsMax,
          backoff_ms: task.backoffMs,
          assignee: reviewer,
          role: reviewer === null ? role : null,
          ...textsForEvent({ ...NO_TASK_TEXTS, author: task.author, source: task.source }),
          review_of: of,
        },
      },
    ];
  });
}

/** Cut where it would be longer than a title may be. */
function reviewTitle(title: string): string {
  const before = 'Review: ';
  return before + firstCodePoints(title, LIMITS.title_characters_max - before.length);
}

/** The reviewed tasks of one unit of work, as the verdicts before have left them. */
export class ReviewedTasks {
  readonly #loaded: Loaded;
  readonly #rounds = new Map<string, Review | null>();
  /** The reviews that the unit of work has released, cancelled, or taken from an agent that may not judge them. */
  readonly #changed = new Map<string, Task>();

  constructor(loaded: Loaded) {
    this.#loaded = loaded;
  }

  /** The ids of the tasks that have to be loaded for a verdict. */
  neededFor(review: Task): string[] {
    const of = reviewOf(review);
    if (of === null) return [];
    const task = this.#find(of.task_id);
    if (task === undefined) return [of.task_id];
    const others = (reviewOn(task)?.open ?? []).filter((id) => id !== review.id);
    return others.every((id) => this.#find(id) !== undefined) ? [] : [of.task_id, ...others];
  }

  /** The task of a lease, as the verdicts before have left it. */
  asOfNow(task: Task): Task {
    return this.#changed.get(task.id) ?? task;
  }

  /** A lease has ended in this unit of work: a verdict after it finds its task with this status, for this agent. */
  released(task: Task, after: Pick<Task, 'status' | 'assignee'>): void {
    if (task.reviewOf !== null) this.#changed.set(task.id, { ...task, ...after });
  }

  /**
   * What the verdict of a review does to the reviewed task. Nothing, if that round is over.
   *
   * @throws `SIGNATURE_REQUIRED`, `SIGNATURE_INVALID`
   */
  judge(held: HeldLease, given: GivenVerdict, path: string): EventDraft[] {
    const { session, task: review } = held;
    const { verdict, notes } = given;
    const of = reviewOf(review);
    const task = of === null ? undefined : this.#find(of.task_id);
    if (of === null || task === undefined) throw internalError(`The task that ${review.id} reviews was not loaded.`);
    const current = this.#rounds.get(task.id);
    const round = current === undefined && task.status === 'in_review' ? reviewOn(task) : (current ?? null);
    if (round === null || round.round !== of.round || !round.open.includes(review.id)) return [];

    const about = { sessionId: of.session_id, taskId: task.id, agent: session.agent, instance: session.instance };
    const proven = proofOf(held, task, given, { agents: this.#loaded.agents, path });
    const by = { review: review.id, round: of.round, ...proven };
    const isOver = verdict === 'changes_requested' || round.approved.length + 1 >= round.approvals;
    const open = round.open.filter((id) => id !== review.id);
    const approval = { review: review.id, agent: session.agent, proof: by.proof };
    this.#rounds.set(task.id, isOver ? null : { ...round, open, approved: [...round.approved, approval] });
    if (verdict === 'approved')
      return [
        { ...about, type: 'task.approved', payload: { ...by, done: isOver } },
        ...(isOver
          ? this.#close(task)
          : open.flatMap((id) => this.#exclude(session.agent, id, { review: review.id, role: round.role }))),
      ];
    const final = of.round >= LIMITS.review_rounds_max;
    return [
      { ...about, type: 'task.changes_requested', payload: { ...by, notes, final } },
      ...(final ? this.#close(task) : []),
      ...open.flatMap((id) => this.#cancel(id)),
    ];
  }

  /** The agent gives no verdict on another review of the round. One that was for this agent is for its role. */
  #exclude(reviewer: string, id: string, { review, role }: { review: string; role: string }): EventDraft[] {
    const other = this.#review(id);
    const payload = { reviewer, review, ...(other.assignee === reviewer && { role }) };
    this.#changed.set(id, reviewerExcluded(other, payload));
    return [{ type: 'task.reviewer_excluded', sessionId: other.sessionId, taskId: id, payload }];
  }

  #cancel(id: string): EventDraft[] {
    const review = this.#review(id);
    this.#changed.set(id, { ...review, cancelRequestedAt: review.cancelRequestedAt ?? this.#loaded.now });
    return cancelReview(review, this.#loaded);
  }

  #review(id: string): Task {
    const review = this.#find(id);
    if (review === undefined) throw internalError(`The review ${id} was not loaded.`);
    return this.asOfNow(review);
  }

  #close(task: Task): EventDraft[] {
    const session = this.#loaded.sessions.find((one) => one.session.id === task.sessionId)?.session;
    if (session === undefined) throw internalError(`The session of task ${task.id} was not loaded.`);
    return closeOwnSession(session, task.id);
  }

  #find(id: string): Task | undefined {
    return this.#loaded.tasks.find((task) => task.id === id);
  }
}

/** The open reviews of tasks that are to be cancelled: those that have to be loaded; none: all are. */
export function reviewsToLoad(tasks: readonly Task[], loaded: Loaded): string[] {
  const open = tasks.flatMap(openReviewsOf);
  return open.every((id) => loaded.tasks.some((task) => task.id === id)) ? [] : open;
}

/** Ends the open reviews of a task that is cancelled. A reviewer that holds one learns it from its next heartbeat. */
export function cancelReviewsOf(task: Task, loaded: Loaded): EventDraft[] {
  return openReviewsOf(task).flatMap((id) => {
    const review = loaded.tasks.find((one) => one.id === id);
    if (review === undefined) throw internalError(`The review ${id} was not loaded.`);
    return cancelReview(review, loaded);
  });
}

function cancelReview({ id, sessionId, status, cancelRequestedAt }: Task, loaded: Loaded): EventDraft[] {
  const session = loaded.sessions.find((one) => one.session.id === sessionId)?.session;
  if (session === undefined) throw internalError(`The session of the review ${id} was not loaded.`);
  const about = { sessionId, taskId: id };
  switch (phaseOf(status)) {
    case 'pending':
      return [
        { ...about, type: 'task.cancelled', payload: { outcome: null, error: null } },
        ...closeOwnSession(session, id),
      ];
    case 'running':
      return cancelRequestedAt === null ? [{ ...about, type: 'task.cancel_requested', payload: {} }] : [];
    case 'ended':
      return [];
  }
}
