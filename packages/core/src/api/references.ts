import { looksLikeNumber } from '../model/names.ts';

/** What may name a task or a session. */
interface Referring {
  readonly taskId?: string;
  readonly sessionId?: string;
  readonly parentId?: string | undefined;
  readonly dependsOn?: readonly string[] | undefined;
}

/** Whether an input, or a new task in it, names a task or a session by its number (`t42`, `s17`). */
export function namesNumbers(input: Referring & { readonly tasks?: readonly Referring[] }): boolean {
  return hasNumber(input) || (input.tasks?.some((task) => hasNumber(task)) ?? false);
}

function hasNumber({ taskId, sessionId, parentId, dependsOn }: Referring): boolean {
  return (
    (taskId !== undefined && looksLikeNumber(taskId)) ||
    (sessionId !== undefined && looksLikeNumber(sessionId)) ||
    (parentId !== undefined && looksLikeNumber(parentId)) ||
    (dependsOn?.some(looksLikeNumber) ?? false)
  );
}
