/**
 * The results that come with a claim: of the tasks on which the granted one depends, and of its sub-tasks. They are
 * read after the grant: what a task depends on has ended by then.
 */
import type { Claim } from '../commands/index.ts';
import { fromJsonText, type Json } from '../model/json.ts';
import { LIMITS } from '../model/limits.ts';
import type { Task } from '../model/task.ts';
import { utf8Bytes } from '../model/text.ts';
import type { Reader } from '../storage/storage.ts';

/** A task that the granted one depends on, or that is a part of it. */
export interface RelatedResult extends Pick<Task, 'id' | 'number' | 'kind' | 'title' | 'status'> {
  /** null: it has none, or it was left out. */
  readonly result: Json;
  /** The results together are larger than `claimed_results_bytes_max`: read this one with `getTask`. */
  readonly isLeftOut?: true;
}

/** Some of them, by id. */
export interface RelatedResults {
  /** At most `claimed_results_max`. */
  readonly items: readonly RelatedResult[];
  /** Whether there are others, or they could not be read. */
  readonly more: boolean;
}

/** What comes with a claim; missing where there is nothing. */
export interface Related {
  readonly dependencies?: RelatedResults;
  readonly subtasks?: RelatedResults;
}

/** Whether anything comes with the claim of a task: most depend on nothing and have no sub-tasks. */
export function hasRelated({ task, hasSubtasks }: Pick<Claim, 'task' | 'hasSubtasks'>): boolean {
  return task.onDependencyFailure !== null || hasSubtasks === true;
}

/** The lease is granted, so a failure to read is no failure of the claim: it says that there is more. */
export async function relatedResults(reader: Reader, task: Task, hasSubtasks: boolean): Promise<Related> {
  const budget = { left: LIMITS.claimed_results_bytes_max };
  const dependencies = task.onDependencyFailure === null ? null : await attempt(() => dependenciesOf(reader, task));
  const subtasks = hasSubtasks ? await attempt(() => subtasksOf(reader, task)) : null;
  return {
    ...(dependencies !== null && { dependencies: resultsOf(dependencies, budget) }),
    ...(subtasks !== null && (subtasks.items.length > 0 || subtasks.more) && { subtasks: resultsOf(subtasks, budget) }),
  };
}

interface Found {
  readonly items: readonly Task[];
  readonly more: boolean;
}

async function attempt(read: () => Promise<Found>): Promise<Found> {
  return read().catch(() => ({ items: [], more: true }));
}

async function dependenciesOf(reader: Reader, { namespace, id: taskId }: Task): Promise<Found> {
  const { items, next } = await reader.dependencies({ namespace, taskId, limit: LIMITS.claimed_results_max });
  const tasks = await Promise.all(items.map(({ dependencyId }) => reader.task(namespace, dependencyId)));
  return { items: tasks.filter((one) => one !== null), more: next !== null };
}

async function subtasksOf(reader: Reader, { namespace, id: parentId }: Task): Promise<Found> {
  const { items, next } = await reader.tasks({ namespace, parentId, limit: LIMITS.claimed_results_max });
  return { items, more: next !== null };
}

function resultsOf({ items, more }: Found, budget: { left: number }): RelatedResults {
  return { items: items.map((task) => resultOf(task, budget)), more };
}

function resultOf({ id, number, kind, title, status, result }: Task, budget: { left: number }): RelatedResult {
  const about = { id, number, kind, title, status };
  if (result === null) return { ...about, result: null };
  const bytes = utf8Bytes(result);
  if (bytes > budget.left) return { ...about, result: null, isLeftOut: true };
  budget.left -= bytes;
  return { ...about, result: fromJsonText(result) };
}
