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
