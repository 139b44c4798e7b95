import { jsonCopyOf } from '../model/json.ts';
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

type Input = References & { readonly tasks?: readonly References[]; readonly items?: readonly References[] };

/** The input with ids where it and its parts have numbers; `known` does it for one part. */
export async function withIdsIn<Given extends Input>(
  input: Given,
  known: <Part extends object>(part: Part) => Promise<Part>,
): Promise<Given> {
  const all = (parts: readonly References[] | undefined) => parts && Promise.all(parts.map((part) => known(part)));
  const [own, tasks, items] = await Promise.all([known(input), all(input.tasks), all(input.items)]);
  return { ...own, ...(tasks && { tasks }), ...(items && { items }) };
}

/** The input with parts of its own: what a schema or the caller changes of it later is not seen there. */
export function withOwnParts<Given extends Input>(input: Given): Given {
  const { tasks, items } = input;
  return { ...input, ...(tasks && { tasks: jsonCopyOf(tasks) }), ...(items && { items: jsonCopyOf(items) }) };
}

/** Whether an input, or a part of it, names a task or a session by its number (`t42`, `s17`). */
export function namesNumbers(input: Input): boolean {
  return hasNumber(input) || isAnyWithNumber(input.tasks) || isAnyWithNumber(input.items);
}

function isAnyWithNumber(parts: readonly References[] | undefined): boolean {
  return parts?.some((part) => hasNumber(part)) ?? false;
}

function hasNumber({ taskId, sessionId, parentId, dependsOn, on }: References): boolean {
  return (
    (taskId !== undefined && looksLikeNumber(taskId)) ||
    (sessionId !== undefined && looksLikeNumber(sessionId)) ||
    (parentId !== undefined && looksLikeNumber(parentId)) ||
    (dependsOn?.some(looksLikeNumber) ?? false) ||
    (on?.some(looksLikeNumber) ?? false)
  );
}
