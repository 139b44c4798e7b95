import type { Json } from '../model/json.ts';
import { DEFAULTS, LIMITS } from '../model/limits.ts';
import type { EventPayloads } from '../log/events.ts';
import type { LegacyValue, OldRow } from './old-row.ts';

/**
 * In this order the tasks of a session come over. A session runs one task at a time, so what was tried before comes first;
 * then the one that runs; and last what only waits, which nothing may be claimed before.
 */
export type LegacyPhase = 'ended' | 'tried' | 'running' | 'waiting';

/** What becomes of a task. */
export type Fate = 'succeeded' | 'failed' | 'cancelled' | 'running' | 'waiting';

const FATES: Readonly<Record<string, Fate>> = {
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
export function fateOf(status: LegacyValue | undefined, inFlight: boolean): Fate | undefined {
  if (status === 'running' && inFlight) return 'running';
  return typeof status === 'string' && Object.hasOwn(FATES, status) ? FATES[status] : undefined;
}

/** When a task's turn comes; for whoever sorts the rows. */
export function legacyPhaseOf(status: LegacyValue, retryCount: LegacyValue, inFlight: boolean): LegacyPhase {
  const fate = fateOf(status, inFlight) ?? 'cancelled';
  if (fate === 'running') return 'running';
  if (fate !== 'waiting') return 'ended';
  return !(retryCount instanceof Uint8Array) && Number(retryCount) >= 1 ? 'tried' : 'waiting';
}

/** Attempts that failed before, and how many there may be in all. */
export interface Attempts {
  readonly failed: number;
  readonly max: number;
}

const ATTEMPTS_FAILED_MAX = LIMITS.attempts_max - 1;

export function attemptsOf(row: OldRow, fate: Fate): Attempts {
  const failed = row.integer('retry_count', { min: 0, max: ATTEMPTS_FAILED_MAX, otherwise: 0 });
  const allowed =
    1 + row.integer('max_retries', { min: 0, max: ATTEMPTS_FAILED_MAX, otherwise: DEFAULTS.attempts_max - 1 });
  // One that waits is to be tried once more, and what ended after a failure was tried once more.
  const needed = fate === 'cancelled' ? failed : failed + 1;
  if (needed > allowed) row.note('attempts_raised', 'retry_count', String(needed));
  return { failed, max: Math.max(needed, allowed) };
}

/** What a task says of itself, but for its times. */
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
    author: null,
    reviewer: null,
    source: null,
  };
}

/** Of an attempt of which nothing is known but that it failed. */
export const FAILED_BEFORE = { message: 'It failed before it was brought over.' };

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
