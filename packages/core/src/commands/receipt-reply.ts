import { contextFrom, type Context, type StoredContext } from '../model/context.ts';
import { internalError } from '../model/errors.ts';
import { fromJsonText, type JsonText } from '../model/json.ts';
import type { Lease } from '../model/lease.ts';
import type { Receipt } from '../model/receipt.ts';
import type { Loaded } from '../storage/loaded.ts';
import { MOVING_TASK_FIELDS, type Task } from '../model/task.ts';

/** A task as a receipt keeps it: the columns that move, as they were when the command answered, but for those that are null. */
interface KeptTask {
  readonly $task: string;
  readonly [column: string]: string | number | null;
}

/** The text to keep of a reply. */
export function toReceiptReply(reply: unknown): JsonText {
  const named: Named = { sessions: new Set(), tasks: new Set() };
  const kept = JSON.stringify(toKeep(reply, named));
  return `{"sessions":${JSON.stringify([...named.sessions])},"tasks":${JSON.stringify([...named.tasks])},"reply":${kept}}`;
}

/** The ids of what a reply holds. */
interface Named {
  readonly sessions: Set<string>;
  readonly tasks: Set<string>;
}

/** Takes half the time of a replacer of `JSON.stringify`, which is called for every field of every task. */
function toKeep(value: unknown, named: Named): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => toKeep(item, named));
  if (isTask(value)) {
    named.tasks.add(value.id);
    return keep(value);
  }
  const kept: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) {
    if (key === 'context') continue;
    if (key === 'lease') named.sessions.add((part as Lease).sessionId);
    kept[key] = toKeep(part, named);
  }
  return kept;
}

/** The reply again. Tasks are as they were when the command answered; a claim's context is the session's present one. */
export function recall(receipt: Receipt, loaded: Loaded): unknown {
  const tasks = new Map(loaded.tasks.map((task) => [task.id, task]));
  const contexts = new Map(loaded.sessions.map(({ session }) => [session.id, session.context]));
  const { reply } = JSON.parse(receipt.reply, (_key, value: unknown) => {
    if (isKept(value)) return restore(value, tasks);
    if (!isClaimWithoutContext(value)) return value;
    return { ...value, context: decoded(contexts.get(value.lease.sessionId) ?? null) };
  }) as { reply: unknown };
  return reply;
}

function keep(task: Task): KeptTask {
  return Object.fromEntries([
    ['$task', task.id],
    ...MOVING_TASK_FIELDS.flatMap((column) => (task[column] === null ? [] : [[column, task[column]]])),
  ]) as KeptTask;
}

function restore({ $task, ...kept }: KeptTask, tasks: ReadonlyMap<string, Task>): Task {
  const row = tasks.get($task);
  if (row === undefined) throw internalError(`The task ${$task} of a receipt was not loaded.`);
  const empty = Object.fromEntries(MOVING_TASK_FIELDS.map((column) => [column, null]));
  return { ...row, ...empty, ...kept };
}

function decoded(text: JsonText | null): Context | null {
  return text === null ? null : contextFrom(fromJsonText(text) as StoredContext);
}

function isTask(value: unknown): value is Task {
  return typeof value === 'object' && value !== null && 'interruptionsMax' in value;
}

function isKept(value: unknown): value is KeptTask {
  return typeof value === 'object' && value !== null && '$task' in value;
}

function isClaimWithoutContext(value: unknown): value is { readonly lease: Lease } {
  return typeof value === 'object' && value !== null && 'lease' in value && 'takeover' in value;
}
