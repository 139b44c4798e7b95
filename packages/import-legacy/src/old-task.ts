import { DEFAULTS, LIMITS, textsForEvent, type EventPayloads, type Json } from '@agent-orchestrator/core';
import type { OldRow } from './old-row.ts';
import type { OldValue } from './old-value.ts';

/**
 * The tasks of a session are imported in this order. A session runs one task at a time, so tasks that were tried before
 * come first; then the one that runs; and last those that only wait, since a claim takes the first of them.
 */
export const PHASES = ['ended', 'tried', 'running', 'waiting'] as const;
export type Phase = (typeof PHASES)[number];

/** What an old task is in a store; a task that waits is queued or scheduled. */
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

/** Attempts that failed before, and how many there may be in all. */
export interface Attempts {
  readonly failed: number;
  readonly max: number;
}

const ATTEMPTS_FAILED_MAX = LIMITS.attempts_max - 1;

export function attemptsOf(row: OldRow, newStatus: NewStatus): Attempts {
  const failed = row.integer('retry_count', { min: 0, max: ATTEMPTS_FAILED_MAX, otherwise: 0 });
  const allowed =
    1 + row.integer('max_retries', { min: 0, max: ATTEMPTS_FAILED_MAX, otherwise: DEFAULTS.attempts_max - 1 });
  // One that waits is to be tried once more, and what ended after a failure was tried once more.
  const needed = newStatus === 'cancelled' ? failed : failed + 1;
  if (needed > allowed) row.note('attempts_raised', 'retry_count', String(needed));
  return { failed, max: Math.max(needed, allowed) };
}

/** What an old row says of its task, except times. */
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

/** Of an attempt of which only this is known. */
export const FAILED_BEFORE = { message: 'It failed before it was imported.' };

/** Together with the message, an error stays within its limit whatever the letters. */
const ERROR_PART_CHARACTERS_MAX = 2_000;

/** Why a task failed, from all the places where the old tables may say so; null: nowhere. */
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
