import { hash as digest } from 'node:crypto';
import {
  canonicalize,
  chained,
  compareInQueue,
  DEFAULTS,
  evolve,
  isHeld,
  LIMITS,
  OrchestratorError,
  type EventDraft,
  type Json,
  type NewEvent,
  type Session,
  type StoredContext,
  type Task,
} from '@agent-orchestrator/core';
import { noTokenHash, type ImportRun } from './import-run.ts';
import { dedupeKeyFrom } from './names.ts';
import { oldLease } from './old-lease.ts';
import type { OldRow } from './old-row.ts';
import { attemptsOf, errorOf, FAILED_BEFORE, newStatusOf, queuedPayload, type NewStatus } from './old-task.ts';
import type { OldCells, OldRecord } from './old-value.ts';

/** An old session without its events and tasks. */
export interface OldSession {
  readonly key: string;
  /** null: only other rows name it. */
  readonly cells: OldCells | null;
  /** Its id in other rows. */
  readonly named: OldCells;
  readonly lock: OldCells | null;
}

/** A task with the values of other tables. */
export interface OldTask extends OldRecord {
  /** Whether the session is running and works on it. */
  readonly inFlight: boolean;
  /** The text that the digest of the dedupe key is made from. */
  readonly dedupeKey: string;
  /** Whether an older task has the same dedupe key. */
  readonly dedupeTaken: boolean;
  readonly deadLetter: OldCells | null;
}

/** The new rows for a part of a session's old rows. */
export interface Batch {
  readonly tasks: readonly Task[];
  readonly events: readonly NewEvent[];
}

/** A session whose rows are all imported, and the head of its queue. */
export interface ImportedSession {
  readonly session: Session;
  readonly head: Task | null;
}

/** A task, whichever row it is made from. */
interface TaskSource {
  readonly old: OldRow;
  readonly id: string;
  readonly newStatus: NewStatus;
  readonly dedupeKey: string | null;
  readonly deadLetter: OldRow | null;
}

interface Ended extends Pick<TaskSource, 'old' | 'newStatus' | 'deadLetter'> {
  readonly agent: string;
  readonly startedAt: number;
  readonly error: Json;
}

/** The agent, if the old tables do not name one. */
const UNKNOWN_AGENT = 'unknown';

/**
 * One old session as a log, and the state after the log. The tables of the proof of concept have only the state, but a
 * store derives the state from the log. So the log opens the session with its context, then has each row of the old
 * log, then ordinary events that bring its tasks to their present state. `evolve` applies them like any other event, so
 * `verify` comes to the same state.
 *
 * An event that happened before the event in front of it has a time of its own. Missing facts get default values: a
 * failed attempt was claimed by an unknown agent, for the default length of a lease.
 *
 * The rows must come in this order: events, dead letters without a task, tasks by phase, `finish`.
 */
export class SessionImport {
  readonly #run: ImportRun;
  readonly #source: OldSession;
  readonly #row: OldRow;
  readonly #namespace: string;
  readonly #id: string;
  readonly #openedAt: number | null;
  #session: Session | null = null;
  #head: Task | null = null;
  #tasks: Task[] = [];
  #events: NewEvent[] = [];
  #inFlight = false;

  constructor(run: ImportRun, source: OldSession) {
    this.#run = run;
    this.#source = source;
    const { session_id: id = null } = source.cells ?? source.named;
    this.#row = run.row('session_state', id, source.cells ?? { session_id: id });
    this.#namespace = this.#row.name('namespace') ?? DEFAULTS.namespace;
    this.#id = run.ids.of('session', source.key);
    this.#row.noteId('session_id', this.#id);
    this.#openedAt = this.#row.past('created_at');
    if (source.cells === null) this.#row.note('session_made', 'session_id');
  }

  /** Events that are not taken yet. */
  get waiting(): number {
    return this.#events.length;
  }

  event({ cells }: OldRecord): void {
    const old = this.#run.row('event_log', cells['event_id'], cells);
    const at = old.past('created_at') ?? this.#session?.updatedAt ?? this.#openedAt ?? this.#run.now;
    const agent = old.name('actor_agent');
    this.#happened({ type: 'legacy.event', sessionId: this.#id, agent, payload: old.asJson() }, at);
    this.#run.imported.events += 1;
  }

  task({ key, cells, inFlight, dedupeKey, dedupeTaken, deadLetter }: OldTask): void {
    const old = this.#run.row('task_queue', cells['task_id'], cells);
    const newStatus = newStatusOf(cells['status'], inFlight);
    if (newStatus === undefined) old.note('status_unknown', 'status', 'cancelled');
    if (newStatus === 'waiting' && (cells['status'] === 'claimed' || cells['status'] === 'running'))
      old.note('task_requeued', 'status', 'queued');
    const id = this.#run.ids.of('task', key);
    old.noteId('task_id', id);
    this.#task({
      old,
      id,
      newStatus: newStatus ?? 'cancelled',
      dedupeKey: this.#dedupeKey(old, cells, dedupeKey, dedupeTaken),
      deadLetter: deadLetter === null ? null : this.#run.row('dead_letters', cells['task_id'], deadLetter),
    });
  }

  #dedupeKey(old: OldRow, cells: OldCells, digestOf: string, isTaken: boolean): string | null {
    if (isTaken) old.note('dedupe_key_dropped', 'dedupe_key');
    if (isTaken || (cells['dedupe_key'] ?? null) === null) return null;
    const dedupeKey = dedupeKeyFrom(cells['dedupe_key'], digestOf);
    old.noteId('dedupe_key', dedupeKey);
    return dedupeKey;
  }

  /** An open dead letter whose task is missing: the task is created from it. */
  deadLetter({ key, cells }: OldRecord): void {
    const old = this.#run.row('dead_letters', cells['task_id'], cells);
    const id = this.#run.ids.of('task', key);
    old.note('task_made', 'task_id', id);
    this.#task({ old, id, newStatus: 'failed', dedupeKey: null, deadLetter: old });
  }

  finish(): ImportedSession {
    const status = this.#row.raw('status');
    if (this.#source.cells !== null && !['idle', 'running', 'waiting', 'stale'].includes(status ?? ''))
      this.#row.note('status_unknown', 'status', 'idle');
    if (status === 'running' && !this.#inFlight) this.#row.note('session_idle', 'status', 'idle');
    const session = this.#open(this.#row.past('updated_at') ?? this.#run.now);
    this.#run.imported.sessions += 1;
    return { session: { ...session, version: 1 }, head: this.#head };
  }

  /** The new rows since the last call. */
  take(): Batch {
    const batch = { tasks: this.#tasks, events: this.#events };
    this.#tasks = [];
    this.#events = [];
    return batch;
  }

  #task({ old, id, newStatus, dedupeKey, deadLetter }: TaskSource): void {
    const attempts = attemptsOf(old, newStatus);
    const createdAt = old.past('created_at') ?? this.#session?.createdAt ?? this.#openedAt ?? this.#run.now;
    if (old.raw('created_at') === null) old.note('time_unreadable', 'created_at', new Date(createdAt).toISOString());
    const startedAt = old.past('started_at') ?? createdAt;
    const nextRetryAt = old.time('next_retry_at');
    const runAt = nextRetryAt !== null && nextRetryAt > this.#run.now && newStatus === 'waiting' ? nextRetryAt : null;
    const agent = old.name('owner_agent') ?? UNKNOWN_AGENT;

    this.#open(createdAt);
    const payload = queuedPayload(old, {
      attemptsMax: attempts.max,
      dedupeKey,
      runAt: attempts.failed > 0 ? null : runAt,
    });
    let task = this.#evolved(null, createdAt, (when) => ({
      type: 'task.queued',
      ...this.#about(id),
      payload: { ...payload, number: this.#run.nextNumber(), ...when },
    }));
    const isDead = deadLetter !== null && newStatus === 'failed';
    if (deadLetter !== null && !isDead) deadLetter.note('left_out');
    const error = errorOf(old, isDead ? deadLetter : null);
    for (let nth = 1; nth <= attempts.failed; nth += 1) {
      const last = nth === attempts.failed && newStatus === 'waiting';
      task = this.#attempted(task, agent, last ? startedAt : createdAt);
      const failure = {
        error: (last ? error : null) ?? FAILED_BEFORE,
        run_at: last ? (nextRetryAt ?? createdAt) : createdAt,
      };
      task = this.#failed(task, agent, createdAt, failure);
    }
    task = this.#ended(task, { old, newStatus, agent, startedAt, error, deadLetter });
    if (newStatus === 'running') task = this.#running(task, old, startedAt);
    // No event makes a due task queued.
    if (task.status === 'scheduled' && task.runAt !== null && task.runAt <= this.#run.now)
      task = { ...task, status: 'queued' };
    this.#tasks.push({ ...task, version: 1 });
    if (task.status === 'queued' && (this.#head === null || compareInQueue(task, this.#head) < 0)) this.#head = task;
    this.#run.imported.tasks[task.status] += 1;
    if (isDead) this.#run.imported.deadLetters += 1;
  }

  #ended(task: Task, { old, newStatus, agent, startedAt, error, deadLetter }: Ended): Task {
    if (newStatus === 'running' || newStatus === 'waiting') return task;
    const finishedAt = old.past('finished_at') ?? deadLetter?.past('created_at') ?? startedAt;
    if (newStatus === 'cancelled')
      return this.#evolved(task, finishedAt, (when) => ({
        type: 'task.cancelled',
        ...this.#about(task.id),
        payload: { outcome: null, error, ...when },
      }));
    const claimed = this.#attempted(task, agent, startedAt);
    if (newStatus === 'failed')
      return this.#failed(claimed, agent, finishedAt, { error: error ?? FAILED_BEFORE, run_at: null });
    return this.#evolved(claimed, finishedAt, (when) => ({
      type: 'task.succeeded',
      ...this.#underLease(task.id, agent),
      payload: { outcome: 'succeeded', result: null, ...when },
    }));
  }

  /** A lease of which nothing else is known gets the default length. */
  #attempted(task: Task, agent: string, at: number): Task {
    return this.#claimed(task, agent, at, { ttlMs: DEFAULTS.ttl_ms, expiresAt: at + DEFAULTS.ttl_ms });
  }

  /** No process has the token of this lease: it ends by expiry, takeover or recovery. */
  #running(task: Task, old: OldRow, startedAt: number): Task {
    this.#inFlight = true;
    const { now } = this.#run;
    const lock = this.#run.row('distributed_lock', this.#source.lock?.['lock_key'], this.#source.lock ?? {});
    const ends = [this.#row.time('lock_expires_at'), lock.time('expires_at')].flatMap((time) => time ?? []);
    const alive = [
      startedAt,
      this.#row.past('heartbeat_at'),
      old.past('heartbeat_at'),
      lock.past('acquired_at'),
    ].flatMap((time) => time ?? []);
    const lease = oldLease(ends.length === 0 ? null : Math.max(...ends), Math.max(...alive), now);
    if (lease.stale) this.#row.note('lease_stale', 'lock_expires_at', new Date(lease.expiresAt).toISOString());
    if (lease.shortened) this.#row.note('lease_shortened', 'lock_expires_at', new Date(lease.expiresAt).toISOString());
    const agent = this.#row.name('owner_agent') ?? lock.name('owner_agent') ?? old.name('owner_agent') ?? UNKNOWN_AGENT;
    this.#run.imported.leases[lease.stale ? 'stale' : 'held'] += 1;
    return this.#claimed(task, agent, startedAt, lease);
  }

  #claimed(task: Task, agent: string, at: number, lease: { readonly ttlMs: number; readonly expiresAt: number }): Task {
    const fence = this.#run.nextFence();
    return this.#evolved(task, at, (when) => ({
      type: 'task.claimed',
      ...this.#about(task.id),
      agent,
      fence,
      leaseEffect: 'granted',
      payload: {
        token_hash: noTokenHash(fence),
        ttl_ms: lease.ttlMs,
        stale_after_ms: lease.ttlMs,
        expires_at: lease.expiresAt,
        host: null,
        boot: null,
        pid: null,
        process_start: null,
        ...when,
      },
    }));
  }

  #failed(
    task: Task,
    agent: string,
    at: number,
    failure: { readonly error: Json; readonly run_at: number | null },
  ): Task {
    return this.#evolved(task, at, (when) => ({
      type: 'task.failed',
      ...this.#underLease(task.id, agent),
      payload: { outcome: 'failed', ...failure, ...when },
    }));
  }

  #about(taskId: string): { readonly sessionId: string; readonly taskId: string } {
    return { sessionId: this.#id, taskId };
  }

  #underLease(taskId: string, agent: string) {
    const session = this.#session;
    const fence = session !== null && isHeld(session) ? session.fence : 0;
    return { ...this.#about(taskId), agent, fence, leaseEffect: 'ended' as const };
  }

  #open(at: number): Session {
    if (this.#session !== null) return this.#session;
    const context = this.#context();
    if (context !== null) this.#run.imported.contexts += 1;
    const payload = { number: this.#run.nextNumber(), ...(context !== null && { context }) };
    return this.#apply({ type: 'session.opened', sessionId: this.#id, payload }, null, this.#openedAt ?? at).session;
  }

  #context(): StoredContext | null {
    const text = (column: string) => this.#row.text(column, LIMITS.text_characters_max);
    const said = {
      turn: this.#row.integer('last_turn', { min: 0, max: LIMITS.turn_max, otherwise: 0 }),
      last_action: text('last_action'),
      next_action: text('next_action'),
      memory_ref: text('memory_ref'),
      data: null,
    };
    const hash = text('context_hash');
    const nothing =
      said.turn === 0 && [said.last_action, said.next_action, said.memory_ref, hash].every((one) => one === null);
    return nothing ? null : { ...said, hash: hash ?? digest('sha256', canonicalize(said), 'hex') };
  }

  #happened(draft: EventDraft, at: number): void {
    this.#open(at);
    this.#apply(draft, null, at);
  }

  /** @param draftAt makes the event; it gets the event's own time if the time of its place in the log is later */
  #evolved(before: Task | null, at: number, draftAt: (when: { readonly occurred_at?: number }) => EventDraft): Task {
    const late = at < (this.#session?.updatedAt ?? 0);
    const { task } = this.#apply(draftAt(late ? { occurred_at: at } : {}), before, at);
    if (task === null) throw new OrchestratorError('INTERNAL', `The event left no task ${before?.id}.`);
    return task;
  }

  #apply(draft: EventDraft, before: Task | null, now: number): ReturnType<typeof evolve> {
    const event = chained(draft, this.#session, { namespace: this.#namespace, commandId: null, now });
    const next = evolve({ session: this.#session, task: before }, event, draft.payload);
    this.#session = next.session;
    this.#events.push(event);
    return next;
  }
}
