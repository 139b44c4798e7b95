import type { TaskStatus } from './statuses.ts';

/**
 * The question that the holder of a task asked, and its answer. A task keeps the last of each, for the next holder.
 * Times are milliseconds since 1970, UTC.
 */
export interface Question {
  readonly question: string | null;
  readonly askedAt: number | null;
  /** The holder that asked. */
  readonly askedBy: string | null;
  /**
   * The agent or the role that was asked. At most one of the two is set; neither: it is for any agent. Others can
   * answer it, too.
   */
  readonly askedAgent: string | null;
  readonly askedRole: string | null;
  /** null: not answered. */
  readonly answer: string | null;
  /** The author of the answer, if it was named. */
  readonly answeredBy: string | null;
}

/** Of a task that has asked nothing. */
export const NO_QUESTION: Question = {
  question: null,
  askedAt: null,
  askedBy: null,
  askedAgent: null,
  askedRole: null,
  answer: null,
  answeredBy: null,
};

/** Whether the question of a task is open. A task can also wait for others, after its question was answered. */
export function isAsking({
  status,
  question,
  answer,
}: Pick<Question, 'question' | 'answer'> & { readonly status: TaskStatus }): boolean {
  return status === 'waiting' && question !== null && answer === null;
}
