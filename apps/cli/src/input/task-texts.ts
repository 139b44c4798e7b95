import type { TaskTextName } from '@agent-orchestrator/core';
import { snakeCase } from '@agent-orchestrator/runtime/wire-json';

/** The flag of a text that describes a task. */
export function flagOf(name: TaskTextName): string {
  return snakeCase(name).replaceAll('_', '-');
}

/** What people read before it. */
export function wordsOf(name: TaskTextName): string {
  return snakeCase(name).replaceAll('_', ' ');
}
