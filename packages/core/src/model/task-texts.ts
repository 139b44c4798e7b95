import { snakeCase, type SnakeCase } from './snake-case.ts';

/**
 * The texts that describe a task, and what each says. A task gets them when it is queued.
 * The input of `enqueueTask`, the event, the row, the flags of the command line and the docs are made from this table.
 * Each storage has a column for each.
 */
export const TASK_TEXTS = {
  author: 'the agent that wrote the task',
  reviewer: 'the agent that reviews its result',
  source: 'the issue or message that it answers',
} as const satisfies Record<string, string>;

/** Those of them that are names of agents, registered or not. The others are free texts that no rule looks at. */
export const TASK_NAMES = ['author', 'reviewer'] as const satisfies readonly TaskTextName[];

export type TaskTextName = keyof typeof TASK_TEXTS;

/** As a task has them. */
export type TaskTexts = { readonly [Name in TaskTextName]: string | null };

/** As an event says them. */
export type TaskTextsInEvent = { [Name in TaskTextName as SnakeCase<Name>]: string | null };

export const TASK_TEXT_NAMES = Object.keys(TASK_TEXTS) as readonly TaskTextName[];

/** Whether a text is the name of an agent. */
export function isTaskName(name: TaskTextName): boolean {
  return (TASK_NAMES as readonly TaskTextName[]).includes(name);
}

/** A value for each text, under the name of the API. */
export function forEachText<Value>(valueOf: (name: TaskTextName) => Value): { [Name in TaskTextName]: Value } {
  return Object.fromEntries(TASK_TEXT_NAMES.map((name) => [name, valueOf(name)])) as { [Name in TaskTextName]: Value };
}

/** Of a task that is described by none. */
export const NO_TASK_TEXTS: TaskTexts = forEachText(() => null);

/** What each says, under the name that it has in an event. */
export const TASK_TEXTS_IN_EVENT = Object.fromEntries(
  Object.entries(TASK_TEXTS).map(([name, means]) => [snakeCase(name), means]),
) as { readonly [Name in keyof TaskTextsInEvent]: string };

export function textsForEvent(given: {
  readonly [Name in TaskTextName]?: string | null | undefined;
}): TaskTextsInEvent {
  return Object.fromEntries(
    TASK_TEXT_NAMES.map((name) => [snakeCase(name), given[name] ?? null]),
  ) as unknown as TaskTextsInEvent;
}

/** An event that was written before this table got a text has no key for it: the task is not described by it. */
export function textsFromEvent(payload: Partial<TaskTextsInEvent>): TaskTexts {
  return forEachText((name) => payload[snakeCase(name)] ?? null);
}
