/*
 * What belongs to a task beside what it says itself: the work that it judges, and what it depends on and consists of,
 * with the results. As in `stored.ts`, it is data.
 */
import type { OrchestratorReads, TaskRecord } from '@agent-orchestrator/core';
import { numberOf, shellWord } from '@agent-orchestrator/runtime';
import { Budget, partOf, type Part } from './part.ts';
import { by, contextLines, endLines, short, taskLines, type ContextReads } from './stored-parts.ts';

export type AroundReads = ContextReads &
  Pick<OrchestratorReads, 'getTask' | 'getSession' | 'listDependencies' | 'listTasks'>;

/** For all tasks around one together. */
const BYTES_MAX = 8_000;
/** For one payload or result of them. */
const JSON_BYTES_MAX = { judged: 3_000, other: 1_000 } as const;
/** How many tasks around one are shown of each sort. */
const SHOWN_MAX = 8;
/** How many tasks of each sort are counted. */
const COUNTED_MAX = 100;

export async function aroundParts(reads: AroundReads, task: TaskRecord): Promise<Part[]> {
  const budget = new Budget(BYTES_MAX);
  return [
    ...(await judgedParts(reads, task, budget)),
    ...(await dependencyParts(reads, task, budget)),
    ...(await subtaskParts(reads, task, budget)),
  ];
}

async function judgedParts(reads: AroundReads, { reviewOf }: TaskRecord, budget: Budget): Promise<Part[]> {
  const work = reviewOf === null ? null : await reads.getTask(reviewOf.taskId);
  if (reviewOf === null || work === null) return [];
  const session = await reads.getSession(work.sessionId);
  const max = JSON_BYTES_MAX.judged;
  const context = await contextLines(reads, work, session?.context ?? null, max);
  const lines = [...taskLines(work, max), ...endLines(work, max), ...context].map(its);
  const name = numberOf('task', work);
  const left = lines.findIndex((line) => !budget.takes(line));
  return [
    partOf(
      work,
      [
        `judges ${name}${by(reviewOf.notFor.join(', ') || null)}, round ${reviewOf.round}:`,
        ...(left === -1 ? lines : [...lines.slice(0, left), `more of ${name} is left out`]),
      ],
      ['task', 'session'],
      left !== -1,
    ),
  ];
}

async function dependencyParts(reads: AroundReads, task: TaskRecord, budget: Budget): Promise<Part[]> {
  if (task.onDependencyFailure === null) return [];
  const { items, next } = await reads.listDependencies({ taskId: task.id, limit: COUNTED_MAX });
  const shown = await Promise.all(items.slice(0, SHOWN_MAX).map(({ dependencyId }) => reads.getTask(dependencyId)));
  const parts = fitting('depends on', shown, budget);
  const more = moreOf(items.length - parts.length, next !== null);
  return more === null ? parts : [...parts, graphPart(`depends on ${more} more`, task)];
}

async function subtaskParts(reads: AroundReads, task: TaskRecord, budget: Budget): Promise<Part[]> {
  const { items, next } = await reads.listTasks({ parentId: task.id, limit: COUNTED_MAX });
  const parts = fitting('has the part', items.slice(0, SHOWN_MAX), budget);
  const more = moreOf(items.length - parts.length, next !== null);
  return more === null ? parts : [...parts, graphPart(`has more parts, ${more}`, task)];
}

/** The first tasks, as far as they fit. */
function fitting(what: string, tasks: readonly (TaskRecord | null)[], budget: Budget): Part[] {
  const parts: Part[] = [];
  for (const task of tasks) {
    if (task === null) continue;
    const first = `${what} ${numberOf('task', task)} (${task.status}) ${short(task.title)}`;
    const lines = [first, ...endLines(task, JSON_BYTES_MAX.other).map(its)];
    if (!budget.takes(...lines)) break;
    parts.push(partOf(task, lines, ['task']));
  }
  return parts;
}

/** How many are not shown; null: none. */
function moreOf(count: number, isUncounted: boolean): string | null {
  if (isUncounted) return `more than ${count}`;
  return count === 0 ? null : String(count);
}

function graphPart(more: string, task: TaskRecord): Part {
  return { lines: [`${more}: orchestrator task graph ${shellWord(numberOf('task', task))}`], whole: [] };
}

/** Of another task than the one that is shown. */
const its = (line: string): string => `its ${line}`;
