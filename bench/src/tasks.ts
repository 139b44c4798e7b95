/** How many tasks one call adds. */
export const TASKS_PER_CALL = 1_000;

/** What a task carries, the same for all contestants: about what a worker needs to find its file. */
export interface Payload {
  readonly path: string;
  /** The task's number: shows whether a task was handled twice. */
  readonly lines: number;
  readonly mode: string;
}

export function payloadOf(task: number): Payload {
  return { path: `packages/core/src/file-${task}.ts`, lines: task, mode: 'count' };
}

/** The numbers of all tasks, in the portions in which they are added. */
export function* portionsOf(tasks: number, size = TASKS_PER_CALL): Generator<number[]> {
  for (let first = 0; first < tasks; first += size)
    yield Array.from({ length: Math.min(size, tasks - first) }, (_, at) => first + at);
}
