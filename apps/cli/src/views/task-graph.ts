import { labelOf, waitsForTasks, type GraphTask, type TaskGraph } from '@agent-orchestrator/runtime';
import { printable, shorten } from '../output/printable.ts';
import { state, type Paint } from '../output/style.ts';

const TITLE_COLUMNS = 50;

type Next = (task: GraphTask) => readonly GraphTask[];

/** The task; then as trees what it waits for, what waits for it, and its sub-tasks. */
export function taskGraphLines({ taskId, tasks, dependencies, more }: TaskGraph, paint: Paint): string[] {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const [start] = tasks;
  if (start === undefined) return [];
  const named = (ids: readonly string[]) => ids.flatMap((id) => byId.get(id) ?? []);
  const before: Next = ({ id }) =>
    named(dependencies.filter((one) => one.taskId === id).map(({ dependencyId }) => dependencyId));
  const after: Next = ({ id }) => named(dependencies.filter((one) => one.dependencyId === id).map((one) => one.taskId));
  const parts: Next = ({ id }) => tasks.filter(({ parentId }) => parentId === id);
  const parent = start.parentId === null ? undefined : byId.get(start.parentId);
  return [
    line(start, paint),
    ...section('depends on', start, before, paint),
    ...section('others that depend on it', start, after, paint),
    ...(parent === undefined ? [] : ['', paint('bold', 'part of'), `  ${line(parent, paint)}`]),
    ...section('sub-tasks', start, parts, paint),
    ...(tasks.length === 1 ? ['  it depends on no task, and no task depends on it'] : []),
    ...(more
      ? ['', `there are more tasks: these are the nearest ones to ${labelOf('task', byId.get(taskId) ?? start)}`]
      : []),
  ];
}

/** What is around a task, for the end of its card. */
export function relatedLines(graph: TaskGraph, paint: Paint): string[] {
  return graph.tasks.length > 1 ? taskGraphLines(graph, paint).slice(1) : [];
}

function section(title: string, start: GraphTask, next: Next, paint: Paint): string[] {
  const lines = branches(start, next, { paint, depth: 1, shown: new Set([start.id]) });
  return lines.length === 0 ? [] : ['', paint('bold', title), ...lines];
}

interface Branch {
  readonly paint: Paint;
  readonly depth: number;
  /** A task that was shown before is only named again. */
  readonly shown: Set<string>;
}

function branches(task: GraphTask, next: Next, { paint, depth, shown }: Branch): string[] {
  return next(task).flatMap((one) => {
    const again = shown.has(one.id);
    shown.add(one.id);
    const own = `${'  '.repeat(depth)}${line(one, paint)}${again ? '  (see above)' : ''}`;
    return again ? [own] : [own, ...branches(one, next, { paint, depth: depth + 1, shown })];
  });
}

function line(task: GraphTask, paint: Paint): string {
  const waits = waitsForTasks(task) ? `  waits for ${task.openDependencies}` : '';
  const title = shorten(printable(task.title), TITLE_COLUMNS);
  return `${state(task.status, paint)}  ${labelOf('task', task)}  ${title}${waits}`;
}
