/**
 * A task may ask for a review: when its work is done, other agents judge it. Each approval that it needs is a task of
 * its own, of kind `review` and in a session of its own, which names the reviewed task.
 */
import { fromJsonText, type JsonText } from './json.ts';
import type { TaskStatus } from './statuses.ts';

/** The kind of the tasks that are reviews. */
export const REVIEW_KIND = 'review';

/** The review that a task asks for. */
export type ReviewTerms = Readonly<{
  /** The role of those who may review it. */
  role: string;
  /** How many reviews have to approve it. */
  approvals: number;
}>;

/** Where the review of a task stands: its present or last round. */
export type Review = ReviewTerms &
  Readonly<{
    /** 0: the work was not done yet. Each time it was done, a round begins. */
    round: number;
    /** The reviews of this round that have no verdict yet, by their ids. */
    open: readonly string[];
    /** The approvals of this round, each by another agent. */
    approved: readonly Approval[];
    /** The names of all agents that ever held the task. */
    holders: readonly string[];
  }>;

/** An approval: the review, the agent that gave it, and what proves that; of a signed one the key's fingerprint. */
export type Approval = Readonly<{ review: string; agent: string; proof: ReviewProof; key?: string }>;

/** Who approved, and what proves it, for people. */
export function approvalText({ agent, proof, key }: Approval): string {
  return key === undefined ? `${agent}, ${proof}` : `${agent}, ${proof} by key ${key}`;
}

/** Of a review: the work that it judges. */
export type ReviewOf = Readonly<{
  task_id: string;
  session_id: string;
  round: number;
  /** The role of those who may review the work. The review may be for one agent of them: then it is in `assignee`. */
  role: string;
  /**
   * The agents that may not claim it, whatever their roles: no agent reviews work that it held itself, and each agent
   * gives one verdict in a round.
   */
  not_for: readonly string[];
  /** Those of them that gave a verdict on another review of the round. Missing: none. */
  judged_by?: readonly string[];
}>;

/** How a review ends. */
export type Verdict = 'approved' | 'changes_requested';

/** Whether an outcome is a verdict. */
export function isVerdict(outcome: string): outcome is Verdict {
  return outcome === 'approved' || outcome === 'changes_requested';
}

/** Whether a verdict counts, by the status of its review. If the round had ended before, the verdict judged nothing. */
export function isCounted(status: TaskStatus): boolean {
  return status === 'succeeded';
}

/** What proves who reviewed. `unproven`: the name that the reviewer gave. `signature`: the key of that name. */
export type ReviewProof = 'unproven' | 'signature';

/** The columns of a task that reviews need. */
export interface ReviewFields {
  /** JSON of `Review`; null: it asks for none. */
  readonly review: JsonText | null;
  /** JSON of `ReviewOf`; null: it is no review. */
  readonly reviewOf: JsonText | null;
}

/** Of a task to which no review belongs. */
export const NO_REVIEW: ReviewFields = { review: null, reviewOf: null };

type Reviewed = Pick<ReviewFields, 'review'>;
type AReview = Pick<ReviewFields, 'reviewOf'>;

/** The review that a task asks for, and where it stands. */
export function reviewOn({ review }: Reviewed): Review | null {
  return review === null ? null : (fromJsonText(review) as Review);
}

/** The work that a review judges. */
export function reviewOf({ reviewOf: of }: AReview): ReviewOf | null {
  return of === null ? null : (fromJsonText(of) as ReviewOf);
}

/** Whether it is a review that the agent may not claim: it held the work, or gave its verdict in this round. */
export function isBarred(agent: string, task: AReview): boolean {
  return reviewOf(task)?.not_for.includes(agent) ?? false;
}

/** Whether it is a review of a round in which the agent has given its verdict. */
export function hasJudged(agent: string, task: AReview): boolean {
  return reviewOf(task)?.judged_by?.includes(agent) ?? false;
}

/** Of a review: its round, as one text; null: it is no review. */
export function roundOf(task: AReview): string | null {
  const of = reviewOf(task);
  return of === null ? null : `${of.task_id}\n${of.round}`;
}

/** The reviews for whose verdicts a task waits, by their ids. */
export function openReviewsOf(task: Reviewed & { readonly status: TaskStatus }): readonly string[] {
  return task.status === 'in_review' ? (reviewOn(task)?.open ?? []) : [];
}

/** Whether a task still waits for the verdict of this review. */
export function isOpenReview(
  review: { readonly id: string },
  task: Reviewed & { readonly status: TaskStatus },
): boolean {
  return openReviewsOf(task).includes(review.id);
}
