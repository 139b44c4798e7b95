import { z } from 'zod';
import { internalError, invalidInput, OrchestratorError } from '../model/errors.ts';
import type { EventDraft } from '../log/events.ts';
import { DEPENDENCY_POLICIES } from '../model/dependency.ts';
import * as field from '../model/fields.ts';
import { taskIdFor } from '../model/ids.ts';
import { DEFAULTS, LIMITS } from '../model/limits.ts';
import { looksLikeNumber } from '../model/names.ts';
import type { Loaded } from '../storage/loaded.ts';
import { holdsDedupeKey, type Task } from '../model/task.ts';
import { forEachText, isTaskName, textsForEvent } from '../model/task-texts.ts';
import { needMore, type Command } from './command.ts';
import { relatedIds, Relations, type AddedTask } from './dependencies.ts';
import { receiptTask, type ReceiptTask } from './receipt-reply.ts';

/** Who reviews a task, and how many have to approve it. */
const reviewTerms = z.lazy(() =>
  z.strictObject({
    role: field.name,
    approvals: z.int().min(1).max(LIMITS.approvals_max).default(1),
  }),
);

/** One task to add. */
export const newTaskInput = z.lazy(() =>
  z
    .strictObject({
      /** Default: made from the command id. */
      id: field.newId.optional(),
      /** The session of the task. Default: a session of its own, with the task's id. */
      sessionId: field.id.optional(),
      kind: field.name.default(DEFAULTS.kind),
      /** One line for people; default: the kind. */
      title: field.title.optional(),
      payload: field.json(LIMITS.payload_bytes_max).default({}),
      priority: z.int().min(0).max(LIMITS.priority_max).default(DEFAULTS.priority),
      /** The task cannot be claimed before this many milliseconds from now. */
      delayMs: z.int().min(0).max(LIMITS.delay_ms_max).default(0),
      /** The short form of `dedupe: { key, while: 'kept' }`. */
      dedupeKey: field.id.optional(),
      /** Not added if another task holds the key. A task holds its own until it ends (`open`), or is kept (`kept`). */
      dedupe: z.strictObject({ key: field.id, while: z.enum(['open', 'kept']).default('kept') }).optional(),
      attemptsMax: z.int().min(1).max(LIMITS.attempts_max).default(DEFAULTS.attempts_max),
      interruptionsMax: z.int().min(0).max(LIMITS.interruptions_max).default(DEFAULTS.interruptions_max),
      backoffMs: z.int().min(0).max(LIMITS.backoff_ms_max).default(DEFAULTS.backoff_ms),
      /** Only this agent may claim it. */
      assignee: field.name.optional(),
      /** Only agents with this role may claim it. */
      role: field.name.optional(),
      /** Its work is done when other agents have approved it. */
      review: reviewTerms.optional(),
      /** It cannot be claimed before these tasks have ended, by their ids or numbers. */
      dependsOn: z.array(field.id).max(LIMITS.dependencies_max).optional(),
      /** With `dependsOn`: what becomes of it if one of them fails or is cancelled. Default: it stays blocked. */
      onDependencyFailure: z.enum(DEPENDENCY_POLICIES).optional(),
      /** The task of which it is a part. */
      parentId: field.id.optional(),
      ...forEachText((name) => (isTaskName(name) ? field.name : field.note).optional()),
    })
    .refine((task) => task.assignee === undefined || task.role === undefined, {
      message: 'cannot be given together with a role',
      path: ['assignee'],
    })
    .refine((task) => task.dedupe === undefined || task.dedupeKey === undefined, {
      message: 'cannot be given together with dedupe, whose short form it is',
      path: ['dedupeKey'],
    })
    .refine((task) => task.onDependencyFailure === undefined || (task.dependsOn?.length ?? 0) > 0, {
      message: 'can only be given with dependsOn',
      path: ['onDependencyFailure'],
    }),
);

/** The input of `enqueueTasks`. */
export const enqueueInput = z.lazy(() =>
  z.strictObject({
    namespace: field.name,
    commandId: field.commandId,
    tasks: z.array(newTaskInput).min(1).max(LIMITS.batch_max),
  }),
);

/** The input, checked and filled in. */
export type EnqueueInput = z.output<typeof enqueueInput>;
type NewTask = EnqueueInput['tasks'][number];

/** The tasks in the order of the input. A duplicate is the task that holds the dedupe key. */
export interface EnqueueReply {
  readonly ok: true;
  readonly tasks: readonly { readonly task: Task; readonly duplicate: boolean }[];
}

/** Adds tasks and opens their sessions, all or none: if one cannot be added, the whole batch is refused. */
export const enqueue: Command<EnqueueInput, EnqueueReply> = {
  name: 'enqueue',
  input: enqueueInput,
  events: ['session.opened', 'task.queued', 'task.cancelled', 'session.closed'],
  receipt: {
    // Most are no duplicates.
    store: ({ tasks }) => ({
      reply: tasks.map(({ task, duplicate }) => (duplicate ? { duplicate: receiptTask(task) } : receiptTask(task))),
      tasks: tasks.map(({ task }) => task.id),
    }),
    restore: (stored, rows) => ({
      ok: true,
      tasks: (stored as readonly (ReceiptTask | { readonly duplicate: ReceiptTask })[]).map((task, at) =>
        'duplicate' in task
          ? { task: rows.task(at, task.duplicate), duplicate: true }
          : { task: rows.task(at, task), duplicate: false },
      ),
    }),
  },

  scope(input, { needs } = {}) {
    const tasks = placed(input);
    const related = [...new Set([...relatedIds(tasks), ...(needs?.extraTaskIds ?? [])])];
    return {
      by: 'new',
      namespace: input.namespace,
      commandId: input.commandId,
      sessionIds: [...new Set(tasks.map(({ sessionId }) => sessionId))],
      taskIds: tasks.map(({ id }) => id),
      dedupeKeys: tasks.flatMap(({ task }) => keyOf(task) ?? []),
      ...(related.length > 0 && { related }),
    };
  },

  decide(input, loaded) {
    const known = new KnownTasks(loaded);
    const numbers = new Numbers(loaded);
    const open = new Set(
      loaded.sessions.filter(({ session }) => session.status !== 'closed').map(({ session }) => session.id),
    );
    const events: EventDraft[] = [];
    const answers: { id: string; duplicate: boolean }[] = [];
    const added: Added[] = [];
    const duplicates = new Map<string, string>();

    for (const [at, { id, sessionId, task }] of placed(input).entries()) {
      // The number of a session that exists was replaced by its id before the store was asked.
      if (looksLikeNumber(sessionId))
        throw invalidInput(`tasks[${at}].sessionId`, `looks like a number, and no session has the number ${sessionId}`);
      const duplicateOf = known.byDedupeKey.get(keyOf(task));
      if (duplicateOf !== undefined) {
        answers.push({ id: duplicateOf, duplicate: true });
        duplicates.set(id, duplicateOf);
        continue;
      }
      if (known.ids.has(id))
        throw new OrchestratorError('TASK_EXISTS', `A task with the id ${id} exists.`, { field: `tasks[${at}].id` });
      const number = numbers.ofNew(id);
      const opens = !open.has(sessionId) ? numbers.ofSession(sessionId) : null;
      open.add(sessionId);
      known.add(id, keyOf(task));
      added.push({ at, id, number, sessionId, task, opens });
      answers.push({ id, duplicate: false });
    }

    const relations = new Relations(added, duplicates, loaded);
    if (relations.unlocked.length > 0) return needMore({ extraTaskIds: relations.unlocked });
    for (const one of added) {
      const { sessionId, opens } = one;
      if (opens !== null) events.push({ type: 'session.opened', sessionId, payload: { number: opens } });
      events.push(queued(one, one.task, loaded.now, relations.payloadOf(one)));
      events.push(...relations.cancelledAtOnce(one, loaded));
    }
    return {
      events,
      reply: (after) => ({
        ok: true,
        tasks: answers.map(({ id, duplicate }) => ({ task: after.task(id), duplicate })),
      }),
    };
  },
};

function placed(input: EnqueueInput): { id: string; sessionId: string; task: NewTask }[] {
  return input.tasks.map((task, at) => {
    const id = task.id ?? taskIdFor(input.commandId, at);
    return { id, sessionId: task.sessionId ?? id, task };
  });
}

interface Place {
  readonly id: string;
  readonly number: number;
  readonly sessionId: string;
}

/** A new task, and the number of its session if that is to be opened. */
interface Added extends Place, AddedTask {
  readonly task: NewTask;
  readonly opens: number | null;
}

function queued(
  { id, number, sessionId }: Place,
  task: NewTask,
  now: number,
  relations: ReturnType<Relations['payloadOf']>,
): EventDraft {
  return {
    type: 'task.queued',
    sessionId,
    taskId: id,
    payload: {
      number,
      kind: task.kind,
      title: task.title ?? task.kind,
      payload: task.payload,
      priority: task.priority,
      dedupe_key: keyOf(task) ?? null,
      ...(task.delayMs > 0 ? { run_at: now + task.delayMs, delay_ms: task.delayMs } : { run_at: null }),
      attempts_max: task.attemptsMax,
      interruptions_max: task.interruptionsMax,
      backoff_ms: task.backoffMs,
      assignee: task.assignee ?? null,
      role: task.role ?? null,
      ...(task.dedupe?.while === 'open' && { dedupe_while: task.dedupe.while }),
      ...textsForEvent(task),
      ...(task.review && { review: task.review }),
      ...relations,
    },
  };
}

/** The dedupe key of a new task, in either form. */
function keyOf({ dedupe, dedupeKey }: NewTask): string | undefined {
  return dedupe?.key ?? dedupeKey;
}

/** The ids that are in use and the dedupe keys that are held, by tasks in the store or earlier in the batch. */
class KnownTasks {
  readonly ids = new Set<string>();
  readonly byDedupeKey = new Map<string | undefined, string>();

  constructor(loaded: Loaded) {
    for (const task of loaded.tasks)
      this.add(task.id, holdsDedupeKey(task) ? (task.dedupeKey ?? undefined) : undefined);
  }

  add(id: string, dedupeKey: string | undefined): void {
    this.ids.add(id);
    if (dedupeKey !== undefined) this.byDedupeKey.set(dedupeKey, id);
  }
}

/** Numbers of existing sessions, and new numbers for new ids. */
class Numbers {
  readonly #free: Iterator<number>;
  readonly #ofSessions: ReadonlyMap<string, number>;
  readonly #ofNew = new Map<string, number>();

  constructor({ numbers, sessions }: Loaded) {
    this.#free = numbers.values();
    this.#ofSessions = new Map(sessions.map(({ session }) => [session.id, session.number]));
  }

  ofSession(id: string): number {
    return this.#ofSessions.get(id) ?? this.ofNew(id);
  }

  /** A task and the session that is made for it have the same id, and so the same number: `t42` runs in `s42`. */
  ofNew(id: string): number {
    const number = this.#ofNew.get(id) ?? this.#next();
    this.#ofNew.set(id, number);
    return number;
  }

  #next(): number {
    const { value, done } = this.#free.next();
    if (done) throw internalError('The storage gave too few numbers for the new rows.');
    return value;
  }
}
