import { chained } from '../commands/working-set.ts';
import { canonicalize } from '../log/canonical.ts';
import { sha256 } from '../model/sha256.ts';
import type { StoredContext } from '../model/context.ts';
import { internalError } from '../model/errors.ts';
import type { EventDraft, NewEvent } from '../log/events.ts';
import { evolve } from '../log/evolve.ts';
import type { Json } from '../model/json.ts';
import { isHeld } from '../model/lease.ts';
import { DEFAULTS, LIMITS } from '../model/limits.ts';
import type { Session } from '../model/session.ts';
import type { Change } from '../storage/write-set.ts';
import type { Task } from '../model/task.ts';
import type { LegacyImport } from './legacy-import.ts';
import { oldLease } from './old-lease.ts';
import { fittingId, OldRow, type LegacyRecord, type LegacyRow } from './old-row.ts';
import { attemptsOf, errorOf, FAILED_BEFORE, fateOf, queuedPayload, type Fate } from './old-task.ts';

/** What of an old session comes first. */
export interface LegacySession {
  /** What its id is made from where it cannot stay as it is. */
  readonly key: string;
  /** null: only other rows name it. */
  readonly row: LegacyRow | null;
  /** What other rows call it, if it has no row of its own. */
  readonly calledBy: LegacyRow;
  readonly lock: LegacyRow | null;
}

/** A task with what is said of it elsewhere. */
export interface LegacyTask extends LegacyRecord {
  /** The session is running and works on it. */
  readonly inFlight: boolean;
  /** What the digest of the dedupe key is made from. */
  readonly dedupeKey: string;
  /** An older task has the same dedupe key. */
  readonly dedupeTaken: boolean;
  readonly deadLetter: LegacyRow | null;
}

/** Rows to be saved together. */
export interface LegacyBatch {
  readonly sessions: readonly Change<Session>[];
  readonly tasks: readonly Change<Task>[];
  readonly events: readonly NewEvent[];
}

/** A task on its way, whichever row it is made from. */
interface OldTask {
  readonly old: OldRow;
  readonly id: string;
  readonly fate: Fate;
  readonly dedupeKey: string | null;
  readonly deadLetter: OldRow | null;
}

interface Ended extends Pick<OldTask, 'old' | 'fate' | 'deadLetter'> {
  readonly agent: string;
  readonly startedAt: number;
  readonly error: Json;
}

/** Who did it, where the old tables do not say. */
const UNKNOWN_AGENT = 'unknown';

/**
 * One old session as a log and the state that the log makes: first that it was opened, with its context; then each row of the
 * old log; then, by ordinary events, its tasks. What an event says happened earlier than the event before it carries its
 * own time. The rows must come in this order: events, dead letters without a task, tasks by phase, `finish`.
 */
export class SessionImport {
  readonly #of: LegacyImport;
  readonly #source: LegacySession;
  readonly #row: OldRow;
  readonly #namespace: string;
  readonly #id: string;
  readonly #openedAt: number | null;
  #session: Session | null = null;
  #saved: Session | null = null;
  #tasks: Task[] = [];
  #events: NewEvent[] = [];
  #inFlight = false;

  constructor(of: LegacyImport, source: LegacySession) {
    this.#of = of;
    this.#source = source;
    const { session_id: id = null } = source.row ?? source.calledBy;
    this.#row = of.row('session_state', id, source.row ?? { session_id: id });
    this.#namespace = this.#row.name('namespace') ?? DEFAULTS.namespace;
    this.#id = this.#row.id('session_id', source.key);
    this.#openedAt = this.#row.past('created_at');
    if (source.row === null) this.#row.note('session_made', 'session_id');
  }

  /** Events that wait for being saved. */
  get waiting(): number {
    return this.#events.length;
  }

  event({ row }: LegacyRecord): void {
    const old = this.#of.row('event_log', row['event_id'], row);
    const at = old.past('created_at') ?? this.#session?.updatedAt ?? this.#openedAt ?? this.#of.now;
    const agent = old.name('actor_agent');
    this.#happened({ type: 'legacy.event', sessionId: this.#id, agent, payload: old.asJson() }, at);
    this.#of.came.events += 1;
  }

  task({ key, row, inFlight, dedupeKey, dedupeTaken, deadLetter }: LegacyTask): void {
    const old = this.#of.row('task_queue', row['task_id'], row);
    const fate = fateOf(row['status'], inFlight);
    if (fate === undefined) old.note('status_unknown', 'status', 'cancelled');
    if (fate === 'waiting' && (row['status'] === 'claimed' || row['status'] === 'running'))
      old.note('task_requeued', 'status', 'queued');
    if (dedupeTaken) old.note('dedupe_key_dropped', 'dedupe_key');
    const hasKey = !dedupeTaken && (row['dedupe_key'] ?? null) !== null;
    this.#task({
      old,
      id: old.id('task_id', key),
      fate: fate ?? 'cancelled',
      dedupeKey: hasKey ? old.id('dedupe_key', dedupeKey) : null,
      deadLetter: deadLetter === null ? null : this.#of.row('dead_letters', row['task_id'], deadLetter),
    });
  }

  /** An open dead letter whose task is gone: it is all that is left of it. */
  deadLetter({ key, row }: LegacyRecord): void {
    const old = this.#of.row('dead_letters', row['task_id'], row);
    const id = fittingId(row['task_id'], key);
    old.note('task_made', 'task_id', id);
    this.#task({ old, id, fate: 'failed', dedupeKey: null, deadLetter: old });
  }

  finish(): void {
    const status = this.#row.raw('status');
    if (this.#source.row !== null && !['idle', 'running', 'waiting', 'stale'].includes(status ?? ''))
      this.#row.note('status_unknown', 'status', 'idle');
    if (status === 'running' && !this.#inFlight) this.#row.note('session_idle', 'status', 'idle');
    this.#open(this.#row.past('updated_at') ?? this.#of.now);
    this.#of.came.sessions += 1;
  }

  /** What happened since the last time, to be saved. */
  take(): LegacyBatch {
    const before = this.#saved;
    const changed = this.#session !== null && this.#session !== before;
    if (changed && this.#session !== null)
      this.#saved = this.#session = { ...this.#session, version: (before?.version ?? 0) + 1 };
    const batch = {
      sessions: changed && this.#session !== null ? [{ before, after: this.#session }] : [],
      tasks: this.#tasks.map((after) => ({ before: null, after })),
      events: this.#events,
    };
    this.#tasks = [];
    this.#events = [];
    return batch;
  }

  #task({ old, id, fate, dedupeKey, deadLetter }: OldTask): void {
    const attempts = attemptsOf(old, fate);
    const createdAt = old.past('created_at') ?? this.#session?.createdAt ?? this.#openedAt ?? this.#of.now;
    if (old.raw('created_at') === null) old.note('time_unreadable', 'created_at', new Date(createdAt).toISOString());
    const startedAt = old.past('started_at') ?? createdAt;
    const nextRetryAt = old.time('next_retry_at');
    const runAt = nextRetryAt !== null && nextRetryAt > this.#of.now && fate === 'waiting' ? nextRetryAt : null;
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
      payload: { ...payload, number: this.#of.nextNumber(), ...when },
    }));
    const isDead = deadLetter !== null && fate === 'failed';
    if (deadLetter !== null && !isDead) deadLetter.note('left_out');
    const error = errorOf(old, isDead ? deadLetter : null);
    for (let nth = 1; nth <= attempts.failed; nth += 1) {
      const last = nth === attempts.failed && fate === 'waiting';
      task = this.#attempted(task, agent, last ? startedAt : createdAt);
      const failure = {
        error: (last ? error : null) ?? FAILED_BEFORE,
        run_at: last ? (nextRetryAt ?? createdAt) : createdAt,
      };
      task = this.#failed(task, agent, createdAt, failure);
    }
    task = this.#ended(task, { old, fate, agent, startedAt, error, deadLetter });
    if (fate === 'running') task = this.#running(task, old, startedAt);
    // Which of the two it is is a matter of time, and no event.
    if (task.status === 'scheduled' && task.runAt !== null && task.runAt <= this.#of.now)
      task = { ...task, status: 'queued' };
    this.#tasks.push({ ...task, version: 1 });
    this.#of.came.tasks[task.status] += 1;
    if (isDead) this.#of.came.deadLetters += 1;
  }

  #ended(task: Task, { old, fate, agent, startedAt, error, deadLetter }: Ended): Task {
    if (fate === 'running' || fate === 'waiting') return task;
    const finishedAt = old.past('finished_at') ?? deadLetter?.past('created_at') ?? startedAt;
    if (fate === 'cancelled')
      return this.#evolved(task, finishedAt, (when) => ({
        type: 'task.cancelled',
        ...this.#about(task.id),
        payload: { outcome: null, error, ...when },
      }));
    const claimed = this.#attempted(task, agent, startedAt);
    if (fate === 'failed')
      return this.#failed(claimed, agent, finishedAt, { error: error ?? FAILED_BEFORE, run_at: null });
    return this.#evolved(claimed, finishedAt, (when) => ({
      type: 'task.succeeded',
      ...this.#underLease(task.id, agent),
      payload: { outcome: 'succeeded', result: null, ...when },
    }));
  }

  /** A lease of which nothing is known but that it was: as long as leases are. */
  #attempted(task: Task, agent: string, at: number): Task {
    return this.#claimed(task, agent, at, { ttlMs: DEFAULTS.ttl_ms, expiresAt: at + DEFAULTS.ttl_ms });
  }

  /** Nobody can prove to hold this lease: it ends by expiry, takeover or recovery. */
  #running(task: Task, old: OldRow, startedAt: number): Task {
    this.#inFlight = true;
    const { now } = this.#of;
    const lock = this.#of.row('distributed_lock', this.#source.lock?.['lock_key'], this.#source.lock ?? {});
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
    this.#of.came.leases[lease.stale ? 'stale' : 'held'] += 1;
    return this.#claimed(task, agent, startedAt, lease);
  }

  #claimed(task: Task, agent: string, at: number, lease: { readonly ttlMs: number; readonly expiresAt: number }): Task {
    const fence = this.#of.nextFence();
    return this.#evolved(task, at, (when) => ({
      type: 'task.claimed',
      ...this.#about(task.id),
      agent,
      fence,
      leaseEffect: 'granted',
      payload: {
        token_hash: this.#of.tokenHash(fence),
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

  #open(at: number): void {
    if (this.#session !== null) return;
    const context = this.#context();
    if (context !== null) this.#of.came.contexts += 1;
    const payload = { number: this.#of.nextNumber(), ...(context !== null && { context }) };
    this.#apply({ type: 'session.opened', sessionId: this.#id, payload }, null, this.#openedAt ?? at);
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
    return nothing ? null : { ...said, hash: hash ?? sha256(canonicalize(said)) };
  }

  #happened(draft: EventDraft, at: number): void {
    this.#open(at);
    this.#apply(draft, null, at);
  }

  /** @param draftAt makes the event of the time that it has to carry itself, if its place in the log is later */
  #evolved(before: Task | null, at: number, draftAt: (when: { readonly occurred_at?: number }) => EventDraft): Task {
    const late = at < (this.#session?.updatedAt ?? 0);
    const task = this.#apply(draftAt(late ? { occurred_at: at } : {}), before, at);
    if (task === null) throw internalError(`Nothing came of the task ${before?.id}.`);
    return task;
  }

  #apply(draft: EventDraft, before: Task | null, now: number): Task | null {
    const event = chained(draft, this.#session, { namespace: this.#namespace, commandId: null, now });
    const next = evolve({ session: this.#session, task: before }, event, draft.payload);
    this.#session = next.session;
    this.#events.push(event);
    return next.task;
  }
}
