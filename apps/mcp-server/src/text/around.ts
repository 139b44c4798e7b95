/*
 * What belongs to a task beside what it says itself: its question with the answer, the work that it judges, and what it
 * depends on and consists of, with the results. As in `stored.ts`, it is data.
 */
import type { OrchestratorReads, TaskRecord } from '@agent-orchestrator/core';
import { numberOf } from '@agent-orchestrator/runtime';
import { by, contextLines, endLines, short, taskLines, text, type ContextReads } from './stored-parts.ts';

export type AroundReads = ContextReads &
  Pick<OrchestratorReads, 'getTask' | 'getSession' | 'listDependencies' | 'listTasks'>;

/** How many tasks around one are shown of each sort. */
const SHOWN_MAX = 8;

export async function aroundLines(reads: AroundReads, task: TaskRecord): Promise<string[]> {
  return [
    ...questionLines(task),
    ...(await reviewedLines(reads, task)),
    ...(await dependencyLines(reads, task)),
    ...(await partLines(reads, task)),
  ];
}

function questionLines({ question, askedBy, answer, answeredBy }: TaskRecord): string[] {
  if (question === null) return [];
  return [
    `question${by(askedBy)} ${text(question)}`,
    ...(answer === null ? [] : [`answer${by(answeredBy)} ${text(answer)}`]),
  ];
}

async function reviewedLines(reads: AroundReads, { reviewOf }: TaskRecord): Promise<string[]> {
  const work = reviewOf === null ? null : await reads.getTask(reviewOf.taskId);
  if (reviewOf === null || work === null) return [];
  const session = await reads.getSession(work.sessionId);
  const lines = [...taskLines(work), ...endLines(work), ...(await contextLines(reads, work, session?.context ?? null))];
  const name = numberOf('task', work);
  return [`judges ${name}${by(reviewOf.notFor.join(', ') || null)}, round ${reviewOf.round}:`, ...lines.map(its)];
}

async function dependencyLines(reads: AroundReads, { id: taskId, onDependencyFailure }: TaskRecord): Promise<string[]> {
  if (onDependencyFailure === null) return [];
  const { items, next } = await reads.listDependencies({ taskId, limit: SHOWN_MAX });
  const tasks = await Promise.all(items.map(({ dependencyId }) => reads.getTask(dependencyId)));
  return [...tasks.flatMap((task) => otherLines('depends on', task)), ...(next === null ? [] : ['depends on more'])];
}

async function partLines(reads: AroundReads, { id: parentId }: TaskRecord): Promise<string[]> {
  const { items, next } = await reads.listTasks({ parentId, limit: SHOWN_MAX });
  return [...items.flatMap((task) => otherLines('has the part', task)), ...(next === null ? [] : ['has more parts'])];
}

function otherLines(what: string, task: TaskRecord | null): string[] {
  if (task === null) return [];
  return [`${what} ${numberOf('task', task)} (${task.status}) ${short(task.title)}`, ...endLines(task).map(its)];
}

/** Of another task than the one that is shown. */
const its = (line: string): string => `its ${line}`;
