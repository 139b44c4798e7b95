import { looksLikeNumber, type NumberedKind } from '../model/names.ts';

/** The fields of a call or a filter that may be numbers for people. */
export interface References {
  readonly namespace?: string | undefined;
  readonly taskId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly parentId?: string | undefined;
  readonly dependencyId?: string | undefined;
  readonly dependsOn?: readonly string[] | undefined;
  readonly on?: readonly string[] | undefined;
}

/** The same call with ids where it has numbers for people. */
export async function withIds<T extends References>(
  call: T,
  idOf: (kind: NumberedKind, reference: string) => Promise<string>,
): Promise<T> {
  const { taskId, sessionId, parentId, dependencyId, dependsOn, on } = call;
  const idsOf = (tasks: readonly string[]) => Promise.all(tasks.map((id) => idOf('task', id)));
  return {
    ...call,
    ...(taskId !== undefined && { taskId: await idOf('task', taskId) }),
    ...(sessionId !== undefined && { sessionId: await idOf('session', sessionId) }),
    ...(parentId !== undefined && { parentId: await idOf('task', parentId) }),
    ...(dependencyId !== undefined && { dependencyId: await idOf('task', dependencyId) }),
    ...(dependsOn !== undefined && { dependsOn: await idsOf(dependsOn) }),
    ...(on !== undefined && { on: await idsOf(on) }),
  };
}

/** What may name a task or a session. */
interface Referring {
  readonly taskId?: string;
  readonly sessionId?: string;
  readonly parentId?: string | undefined;
  readonly dependsOn?: readonly string[] | undefined;
  readonly on?: readonly string[] | undefined;
}

/** Whether an input, or a part of it, names a task or a session by its number (`t42`, `s17`). */
export function namesNumbers(
  input: Referring & { readonly tasks?: readonly Referring[]; readonly items?: readonly Referring[] },
): boolean {
  return hasNumber(input) || isAnyWithNumber(input.tasks) || isAnyWithNumber(input.items);
}

function isAnyWithNumber(parts: readonly Referring[] | undefined): boolean {
  return parts?.some((part) => hasNumber(part)) ?? false;
}

function hasNumber({ taskId, sessionId, parentId, dependsOn, on }: Referring): boolean {
  return (
    (taskId !== undefined && looksLikeNumber(taskId)) ||
    (sessionId !== undefined && looksLikeNumber(sessionId)) ||
    (parentId !== undefined && looksLikeNumber(parentId)) ||
    (dependsOn?.some(looksLikeNumber) ?? false) ||
    (on?.some(looksLikeNumber) ?? false)
  );
}
