import { contextFrom, type Context, type StoredContext } from '../model/context.ts';
import type { Claim, Takeover } from '../commands/index.ts';
import type { Event } from '../log/events.ts';
import { fromJsonText, type Json } from '../model/json.ts';
import type { AnyKinds, PayloadOf, ResultOf } from './kinds.ts';
import type { Lease } from '../model/lease.ts';
import type { Session } from '../model/session.ts';
import type { LoadedSession } from '../storage/loaded.ts';
import type { Task } from '../model/task.ts';

/** The error of a failed attempt. */
export interface TaskError {
  readonly code?: string;
  readonly message: string;
  readonly data?: Json;
}

/** A task as the API shows it: JSON decoded, typed by its kind. */
export type TaskRecord<Kinds extends AnyKinds = AnyKinds> = {
  [Kind in keyof Kinds & string]: Omit<Task, 'kind' | 'payload' | 'result' | 'error' | 'version'> & {
    readonly kind: Kind;
    readonly payload: PayloadOf<Kinds, Kind>;
    readonly result: ResultOf<Kinds, Kind> | null;
    readonly error: TaskError | null;
  };
}[keyof Kinds & string];

/** A session as the API shows it. */
export interface SessionRecord extends Omit<Session, 'context' | 'progress' | 'tokenHash' | 'hash' | 'version'> {
  readonly context: Context | null;
  readonly progress: Json;
  /** The task that would be claimed next. */
  readonly headTaskId: string | null;
}

/** An event as the API shows it. */
export interface EventRecord extends Omit<Event, 'payload'> {
  readonly payload: Json;
}

/** The answer to a successful claim. */
export interface ClaimRecord<Kinds extends AnyKinds = AnyKinds> {
  readonly task: TaskRecord<Kinds>;
  readonly lease: Lease;
  readonly context: Context | null;
  readonly takeover: Takeover | null;
}

export function toTaskRecord<Kinds extends AnyKinds>(task: Task): TaskRecord<Kinds> {
  const { version: _version, ...record } = task;
  const { payload, result, error } = task;
  // The schema of the kind checked the payload when the task was added.
  return Object.assign(record, {
    payload: fromJsonText(payload),
    result: decode(result),
    error: decode(error),
  }) as unknown as TaskRecord<Kinds>;
}

export function toClaimRecord<Kinds extends AnyKinds>(claim: Claim): ClaimRecord<Kinds> {
  return { ...claim, task: toTaskRecord<Kinds>(claim.task) };
}

export function toSessionRecord(session: Session, headTaskId: string | null): SessionRecord {
  const { version: _version, hash: _hash, tokenHash: _tokenHash, context, progress, ...plain } = session;
  return {
    ...plain,
    context: context === null ? null : contextFrom(fromJsonText(context) as StoredContext),
    progress: decode(progress),
    headTaskId,
  };
}

export function toLoadedSessionRecord({ session, head }: LoadedSession): SessionRecord {
  return toSessionRecord(session, head?.id ?? null);
}

export function toEventRecord(event: Event): EventRecord {
  return { ...event, payload: fromJsonText(event.payload) };
}

function decode(text: string | null): Json {
  return text === null ? null : fromJsonText(text);
}
