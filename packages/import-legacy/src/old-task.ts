import { DEFAULTS, LIMITS, textsForEvent, type EventPayloads, type Json } from '@agent-orchestrator/core';
import type { OldRow } from './old-row.ts';
import type { OldValue } from './old-value.ts';

/**
 * The tasks of a session are imported in this order. A session runs one task at a time, so tasks that had attempts come
 * first, then the running one, and last those that only wait, because a claim takes the first of them.
 */
export const PHASES = ['ended', 'tried', 'running', 'waiting'] as const;
export type Phase = (typeof PHASES)[number];

/** The status of an old task in a store; a waiting task is queued or scheduled. */
export type NewStatus = 'succeeded' | 'failed' | 'cancelled' | 'running' | 'waiting';

const NEW_STATUSES: Readonly<Record<string, NewStatus>> = {
  pending: 'waiting',
  queued: 'waiting',
  claimed: 'waiting',
  running: 'waiting',
  done: 'succeeded',
  failed: 'failed',
  dead: 'failed',
  cancelled: 'cancelled',
};

/** @param inFlight whether a running session names the task as the one that it works on */
export function newStatusOf(status: OldValue | undefined, inFlight: boolean): NewStatus | undefined {
  if (status === 'running' && inFlight) return 'running';
  return typeof status === 'string' && Object.hasOwn(NEW_STATUSES, status) ? NEW_STATUSES[status] : undefined;
}

export function phaseOf(status: OldValue, retryCount: OldValue, inFlight: boolean): Phase {
  const newStatus = newStatusOf(status, inFlight) ?? 'cancelled';
  if (newStatus === 'running') return 'running';
  if (newStatus !== 'waiting') return 'ended';
  return !(retryCount instanceof Uint8Array) && Number(retryCount) >= 1 ? 'tried' : 'waiting';
}

/** The number of failed attempts, and the limit. */
export interface Attempts {
  readonly failed: number;
  readonly max: number;
}

const ATTEMPTS_FAILED_MAX = LIMITS.attempts_max - 1;

export function attemptsOf(row: OldRow, newStatus: NewStatus): Attempts {
  const failed = row.integer('retry_count', { min: 0, max: ATTEMPTS_FAILED_MAX, otherwise: 0 });
  const allowed =
    1 + row.integer('max_retries', { min: 0, max: ATTEMPTS_FAILED_MAX, otherwise: DEFAULTS.attempts_max - 1 });
  // A waiting task needs one more attempt, and a task that ended after a failure had one more attempt.
  const needed = newStatus === 'cancelled' ? failed : failed + 1;
  if (needed > allowed) row.note('attempts_raised', 'retry_count', String(needed));
  return { failed, max: Math.max(needed, allowed) };
}

/** The values of a task in its old row, except times. */
export function queuedPayload(
  row: OldRow,
  { attemptsMax, runAt, dedupeKey }: { attemptsMax: number; runAt: number | null; dedupeKey: string | null },
): Omit<EventPayloads['task.queued'], 'number'> {
  const kind = row.name('task_type') ?? DEFAULTS.kind;
  const priority = { min: 0, max: LIMITS.priority_max, otherwise: DEFAULTS.priority };
  return {
    kind,
    title: row.text('task_type', LIMITS.title_characters_max) || kind,
    payload: row.json('payload'),
    priority: row.integer('priority', priority),
    dedupe_key: dedupeKey,
    run_at: runAt,
    attempts_max: attemptsMax,
    interruptions_max: DEFAULTS.interruptions_max,
    backoff_ms: DEFAULTS.backoff_ms,
    assignee: null,
    role: null,
    ...textsForEvent({}),
  };
}

/** The error of a failed attempt of which nothing else is known. */
export const FAILED_BEFORE = { message: 'It failed before it was imported.' };

/** An error with this many characters in each part is within its limit, whatever the characters. */
const ERROR_PART_CHARACTERS_MAX = 2_000;

/** Why a task failed, from all columns of the old tables that may have a reason; null: none has. */
export function errorOf(row: OldRow, deadLetter: OldRow | null): Json {
  const [message, lastError, reason] = [said(row, 'error_msg'), said(row, 'last_error'), said(deadLetter, 'reason')];
  const code = row.name('error_code') ?? deadLetter?.name('error_code') ?? undefined;
  if (code === undefined && message === undefined && lastError === undefined && deadLetter === null) return null;
  const data = {
    last_error: message !== undefined && lastError !== message ? lastError : undefined,
    dead_letter:
      deadLetter === null
        ? undefined
        : { reason, created_at: said(deadLetter, 'created_at'), status: said(deadLetter, 'status') },
  };
  return {
    code,
    message: message ?? lastError ?? reason ?? FAILED_BEFORE.message,
    data: data.last_error === undefined && data.dead_letter === undefined ? undefined : data,
  };
}

function said(row: OldRow | null, column: string): string | undefined {
  return row?.text(column, ERROR_PART_CHARACTERS_MAX) ?? undefined;
}
