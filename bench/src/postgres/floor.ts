import postgres from 'postgres';
import type { Contender } from '../contender.ts';
import { AGENT, HASH, Identifiers, NAMESPACE, TTL_MS } from '../identifiers.ts';
import type { FloorOptions } from '../subject.ts';

/*
 * The floor: what Postgres alone needs to write what one claim and one release write.
 * - one statement for each, sent prepared, a commit by itself
 * - it picks and locks a head (or the session), updates the session and its task, and writes the events and the receipt
 * - the same tables, indexes, checks and foreign keys; events and receipts as long as ours
 * - no rules: nothing is validated, hashed, looked up for duplicates, judged or answered but the task
 */

const INSERT_EVENT = `INSERT INTO orchestrator.event_log (stream_kind, namespace, stream_id, session_id, seq, type,
      lease_effect, task_id, agent, fence, command_id, payload, at, prev_hash, hash)`;
const INSERT_RECEIPT = `INSERT INTO orchestrator.receipts (namespace, command_id, request_hash, reply, at)`;

/** Namespace, time, fence, command, event's payload, hash, reply. */
const CLAIM = `
  WITH best AS MATERIALIZED (
    SELECT s.id, s.seq, s.hash, s.next_task_id FROM orchestrator.sessions s
    WHERE s.namespace = $1 AND s.next_for = '' AND s.status = 'idle' AND s.next_task_id IS NOT NULL
      AND s.next_priority >= 0
    ORDER BY s.next_priority, s.next_queued_at, s.next_task_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED),
  leased AS (
    UPDATE orchestrator.sessions s SET status = 'running', agent = '${AGENT}', fence = $3, token_hash = '${HASH}',
      ttl_ms = ${TTL_MS}, stale_after_ms = ${TTL_MS / 2}, lease_expires_at = $2::bigint + ${TTL_MS},
      heartbeat_at = $2::bigint, stale_at = $2::bigint + ${TTL_MS}, task_id = best.next_task_id,
      next_task_id = NULL, next_priority = NULL, next_queued_at = NULL, next_kind = NULL, next_for = NULL,
      seq = best.seq + 1, hash = $6, version = s.version + 1, updated_at = $2::bigint
    FROM best WHERE s.namespace = $1 AND s.id = best.id),
  started AS (
    UPDATE orchestrator.tasks t SET status = 'running', attempt = t.attempt + 1, started_at = $2::bigint,
      version = t.version + 1
    FROM best WHERE t.namespace = $1 AND t.id = best.next_task_id RETURNING t.payload),
  logged AS (
    ${INSERT_EVENT}
    SELECT 'session', $1, best.id, best.id, best.seq + 1, 'task.claimed', 'granted', best.next_task_id, '${AGENT}', $3,
      $4, $5, $2::bigint, best.hash, $6 FROM best),
  answered AS (${INSERT_RECEIPT} VALUES ($1, $4, $6, $7, $2::bigint))
  SELECT best.id, started.payload FROM best CROSS JOIN started`;

/** Namespace, session, fence, time, command, hash, payloads of both events, reply. */
const RELEASE = `
  WITH held AS MATERIALIZED (
    SELECT s.seq, s.hash, s.task_id FROM orchestrator.sessions s
    WHERE s.namespace = $1 AND s.id = $2 AND s.fence = $3 FOR NO KEY UPDATE),
  ended AS (
    UPDATE orchestrator.sessions s SET status = 'closed', agent = NULL, fence = NULL, token_hash = NULL, ttl_ms = NULL,
      stale_after_ms = NULL, lease_expires_at = NULL, heartbeat_at = NULL, stale_at = NULL, task_id = NULL,
      tasks_open = s.tasks_open - 1, seq = held.seq + 2, hash = $6, version = s.version + 1, updated_at = $4::bigint
    FROM held WHERE s.namespace = $1 AND s.id = $2),
  finished AS (
    UPDATE orchestrator.tasks t SET status = 'succeeded', finished_at = $4::bigint, version = t.version + 1
    FROM held WHERE t.namespace = $1 AND t.id = held.task_id),
  logged AS (
    ${INSERT_EVENT}
    SELECT 'session', $1, $2, $2, held.seq + 1, 'task.succeeded', 'ended', held.task_id, '${AGENT}', $3,
      $5, $7, $4::bigint, held.hash, $6 FROM held
    UNION ALL SELECT 'session', $1, $2, $2, held.seq + 2, 'session.closed', NULL, NULL, NULL, NULL,
      $5, $8, $4::bigint, $6, $6 FROM held),
  answered AS (${INSERT_RECEIPT} VALUES ($1, $5, $6, $9, $4::bigint))
  SELECT held.task_id FROM held`;

/** What the product sets in each transaction costs nothing here. */
const SETTINGS = {
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  plan_cache_mode: 'force_generic_plan',
  jit: 'off',
};

type Values = readonly (string | number)[];

/** So many callers on the floor, each with a connection of its own. */
export function openPostgresFloor(url: string, { sample, callers, process }: FloorOptions): Contender {
  const sql = postgres(url, { max: callers, onnotice: () => {}, connection: SETTINGS });
  const ids = new Identifiers(process);

  const only = async (text: string, values: Values): Promise<Record<string, string>> => {
    const rows = await sql.unsafe<Record<string, string>[]>(text, [...values], { prepare: true });
    const [row] = rows;
    if (row === undefined) throw new Error('nothing to claim, or the lease is lost');
    return row;
  };
  return {
    callers,
    unitsPerCall: 1,
    async work() {
      const fence = ids.nextFence();
      const { id = '', payload = '' } = await only(CLAIM, [
        NAMESPACE,
        Date.now(),
        fence,
        ids.nextUuid(),
        sample.claimed,
        HASH,
        sample.claimReply,
      ]);
      JSON.parse(payload);
      await only(RELEASE, [
        NAMESPACE,
        id,
        fence,
        Date.now(),
        ids.nextUuid(),
        HASH,
        sample.succeeded,
        sample.closed,
        sample.releaseReply,
      ]);
    },
    close: () => sql.end(),
  };
}
