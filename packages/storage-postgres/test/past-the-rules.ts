const HASH = '0'.repeat(64);

/** Writes an event past the rules, in a session that is there; answers its id. */
export const insertEvent = (sessionId: string, seq: number): string =>
  `INSERT INTO orchestrator.event_log
     (stream_kind, namespace, stream_id, session_id, seq, type, payload, at, prev_hash, hash)
   VALUES ('session', 'default', '${sessionId}', '${sessionId}', ${seq}, 'legacy.event', '{}', 1, '${HASH}', '${HASH}')
   RETURNING id`;

/** From then on every transaction that writes events sleeps before it commits, each as long as chance will have it. */
export const COMMIT_LATE = `
  CREATE FUNCTION public.sleep_before_commit() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN PERFORM pg_sleep(random() * 0.02); RETURN NULL; END $$;
  CREATE CONSTRAINT TRIGGER late AFTER INSERT ON orchestrator.event_log DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION public.sleep_before_commit()`;

/** An event that follows the row of the session `s`, as a statement of SQL. */
export const eventOf = (seq: string, further: Readonly<Record<string, string>> = {}): string => {
  const cells = {
    stream_kind: `'session'`,
    namespace: 's.namespace',
    stream_id: 's.id',
    session_id: 's.id',
    seq,
    type: `'legacy.event'`,
    payload: `'{}'`,
    at: '1',
    prev_hash: `'${HASH}'`,
    hash: `'${HASH}'`,
    ...further,
  };
  return `INSERT INTO orchestrator.event_log (${Object.keys(cells).join(', ')}) OVERRIDING USER VALUE
    SELECT ${Object.values(cells).join(', ')} FROM orchestrator.sessions s WHERE s.id = 's'`;
};

/** An agent takes the review that waits, with all that a lease needs. */
export const reviewing = (agent: string): string[] => [
  `UPDATE orchestrator.sessions SET status = 'running', agent = '${agent}', fence = 7, token_hash = '${HASH}',
     ttl_ms = 1000, stale_after_ms = 1000, lease_expires_at = 1, heartbeat_at = 1, stale_at = 1, seq = seq + 1,
     task_id = next_task_id, next_task_id = NULL, next_priority = NULL, next_queued_at = NULL, next_kind = NULL,
     next_for = NULL, version = version + 1 WHERE next_kind = 'review'`,
  `UPDATE orchestrator.tasks SET status = 'running', attempt = 1, version = version + 1 WHERE kind = 'review'`,
  eventOf('s.seq', { fence: '7', lease_effect: `'granted'` }).replace(`s.id = 's'`, 's.fence = 7'),
];
