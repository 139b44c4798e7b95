CREATE FUNCTION "orchestrator"."refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'event_log is append-only' USING ERRCODE = 'restrict_violation';
END $$;
--> statement-breakpoint
CREATE TRIGGER "event_log_no_update" BEFORE UPDATE OR DELETE ON "orchestrator"."event_log"
FOR EACH ROW EXECUTE FUNCTION "orchestrator"."refuse_change"();
--> statement-breakpoint
CREATE TRIGGER "event_log_no_truncate" BEFORE TRUNCATE ON "orchestrator"."event_log"
FOR EACH STATEMENT EXECUTE FUNCTION "orchestrator"."refuse_change"();
--> statement-breakpoint
-- A trigger that is ALWAYS enabled fires in a session that calls itself a replica, too.
ALTER TABLE "orchestrator"."event_log" ENABLE ALWAYS TRIGGER "event_log_no_update";
--> statement-breakpoint
ALTER TABLE "orchestrator"."event_log" ENABLE ALWAYS TRIGGER "event_log_no_truncate";
--> statement-breakpoint
-- A store that was moved or is being filled gets triggers `shut` that call this, with the new address.
CREATE FUNCTION "orchestrator"."refuse_work"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the store was moved to %', TG_ARGV[0] USING ERRCODE = 'AO001';
END $$;
--> statement-breakpoint
-- What follows holds for agents. Who may act as the owner of the tables repairs and copies rows, and is let through.
-- A statement parses the condition of a trigger anew, as it does a CHECK. On the tables that each command writes, a
-- trigger has none, but for two that are deferred and one that is short: a session keeps the plan of a function.
CREATE FUNCTION "orchestrator"."refuse_agent"() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF pg_has_role(current_user, (SELECT c.relowner FROM pg_class c WHERE c.oid = TG_RELID), 'MEMBER') THEN
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'insufficient_privilege';
END $$;
--> statement-breakpoint
-- Why a row is refused: it breaks a check, which holds for the owner, too, or it is not as rows of agents are.
CREATE FUNCTION "orchestrator"."refuse_row"(at_table oid, broken text, otherwise text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  named name;
  owner oid;
BEGIN
  SELECT c.relname, c.relowner INTO named, owner FROM pg_class c WHERE c.oid = at_table;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION 'new row for relation "%" violates check constraint "%"', named, broken
      USING ERRCODE = 'check_violation', SCHEMA = 'orchestrator', TABLE = named, CONSTRAINT = broken;
  END IF;
  IF NOT pg_has_role(current_user, owner, 'MEMBER') THEN
    RAISE EXCEPTION '%', otherwise USING ERRCODE = 'insufficient_privilege';
  END IF;
END $$;
--> statement-breakpoint
-- An event is at most the last of its session or agent, and ends a lease only if the session has let go of it: so an event that no
-- unit of work wrote keeps none from writing what follows. A fence continues from the greatest one or from the clock of
-- the server, so fences never run out.
CREATE FUNCTION "orchestrator"."check_new_event"() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  last_seq integer;
  held bigint;
  now_micros bigint;
BEGIN
  IF orchestrator.broken_check(NEW) IS NOT NULL THEN
    PERFORM orchestrator.refuse_row(TG_RELID, orchestrator.broken_check(NEW), '');
  END IF;
  SELECT s.seq, s.fence INTO last_seq, held FROM orchestrator.sessions s
  WHERE s.namespace = NEW.namespace AND s.id = NEW.stream_id;
  IF NEW.stream_kind = 'session' AND NEW.seq <= last_seq THEN
    IF NEW.lease_effect IS NULL THEN
      RETURN NULL;
    ELSIF NEW.lease_effect = 'granted' THEN
      now_micros := extract(epoch FROM clock_timestamp()) * 1000000;
      IF NEW.fence <= now_micros + 1000000 OR NEW.fence <= 1000000 + (
        SELECT greatest((m.value::json ->> 'fencesAfter')::bigint, now_micros + (m.value::json ->> 'fencesAhead')::bigint,
          (SELECT e.fence FROM orchestrator.event_log e WHERE e.lease_effect = 'granted' AND e.fence >= 0
             AND e.fence < NEW.fence ORDER BY e.fence DESC LIMIT 1))
        FROM orchestrator.meta m WHERE m.key = 'clock') THEN
        RETURN NULL;
      END IF;
    ELSIF NEW.lease_effect = 'refused' OR held IS DISTINCT FROM NEW.fence THEN
      IF EXISTS (SELECT 1 FROM orchestrator.event_log e WHERE e.namespace = NEW.namespace AND e.session_id = NEW.stream_id
          AND e.session_id > '' AND e.fence = NEW.fence AND e.lease_effect = 'granted') THEN
        RETURN NULL;
      END IF;
    END IF;
  ELSIF NEW.stream_kind = 'agent' AND NEW.lease_effect IS NULL AND NEW.seq <= (SELECT a.seq FROM orchestrator.agents a
      WHERE a.namespace = NEW.namespace AND a.name = NEW.stream_id) THEN
    RETURN NULL;
  END IF;
  IF pg_has_role(current_user, (SELECT c.relowner FROM pg_class c WHERE c.oid = TG_RELID), 'MEMBER') THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'an event goes with a change of its session or agent, of its lease and of the clock'
    USING ERRCODE = 'insufficient_privilege';
END $$;
--> statement-breakpoint
CREATE TRIGGER "event_log_new" AFTER INSERT ON "orchestrator"."event_log"
FOR EACH ROW EXECUTE FUNCTION "orchestrator"."check_new_event"();
--> statement-breakpoint
-- Of what is in `meta`, an agent writes down the clock: nothing but the time, a jump, and which receipts are over.
CREATE FUNCTION "orchestrator"."check_meta"() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_ms numeric := extract(epoch FROM clock_timestamp()) * 1000 + 2000;
  was jsonb;
  noted jsonb;
BEGIN
  IF pg_has_role(current_user, (SELECT c.relowner FROM pg_class c WHERE c.oid = TG_RELID), 'MEMBER') THEN
    RETURN NEW;
  END IF;
  IF OLD.key = 'clock' AND NEW.key = 'clock' THEN
    -- Another process wrote first: the column refuses this, and the unit of work begins anew.
    IF NEW.value IS NULL THEN
      RETURN NEW;
    END IF;
    BEGIN
      was := OLD.value;
      noted := NEW.value;
      -- A comparison with what is missing is neither true nor false, and so refuses, too.
      IF noted - 'last' - 'jump' - 'receipts' = was - 'last' - 'jump' - 'receipts'
        AND (noted -> 'receipts' IS NOT DISTINCT FROM was -> 'receipts' OR (
          (noted #>> '{receipts,until}')::numeric
            BETWEEN -1 AND greatest(now_ms - 691200000, (was #>> '{receipts,until}')::numeric)
          AND (noted #>> '{receipts,heldUntil}')::numeric BETWEEN 0 AND now_ms + 691200000
          AND jsonb_typeof(noted #> '{receipts,until}') || jsonb_typeof(noted #> '{receipts,heldUntil}')
            = 'numbernumber'))
        AND (noted -> 'last' = 'null' OR (
          (noted #>> '{last,wall}')::numeric BETWEEN 0 AND now_ms
          AND (noted #>> '{last,steady}')::numeric BETWEEN 0 AND now_ms
          AND (noted #>> '{last,uptime}')::numeric BETWEEN 0 AND now_ms
          AND jsonb_typeof(noted #> '{last,wall}') || jsonb_typeof(noted #> '{last,steady}')
            || jsonb_typeof(noted #> '{last,uptime}') = 'numbernumbernumber'
          AND jsonb_typeof(noted #> '{last,boot}') IN ('null', 'string')))
        AND (noted -> 'jump' = 'null' OR (
          (noted #>> '{jump,seenAt}')::numeric BETWEEN 0 AND now_ms
          AND (noted #>> '{jump,byMs}')::numeric BETWEEN -now_ms AND now_ms
          AND jsonb_typeof(noted #> '{jump,seenAt}') || jsonb_typeof(noted #> '{jump,byMs}') = 'numbernumber'
          AND (noted #> '{jump,after}' = 'null' OR jsonb_typeof(noted #> '{jump,after,namespace}')
            || jsonb_typeof(noted #> '{jump,after,sessionId}') = 'stringstring'))) THEN
        RETURN NEW;
      END IF;
    EXCEPTION WHEN data_exception THEN
      NULL; -- It is not what is written there.
    END;
  END IF;
  RAISE EXCEPTION 'an agent writes only the time here' USING ERRCODE = 'insufficient_privilege';
END $$;
--> statement-breakpoint
CREATE TRIGGER "meta_of_agents" BEFORE UPDATE ON "orchestrator"."meta"
FOR EACH ROW EXECUTE FUNCTION "orchestrator"."check_meta"();
--> statement-breakpoint
-- A receipt is kept for eight days, so that a command that is sent again has no second effect.
CREATE TRIGGER "receipts_kept" BEFORE DELETE ON "orchestrator"."receipts" FOR EACH ROW
WHEN (OLD.at > extract(epoch FROM clock_timestamp()) * 1000 - 691200000)
EXECUTE FUNCTION "orchestrator"."refuse_agent"('a receipt that is not over is kept');
--> statement-breakpoint
CREATE TRIGGER "receipts_unchanged" BEFORE UPDATE ON "orchestrator"."receipts" FOR EACH ROW
EXECUTE FUNCTION "orchestrator"."refuse_agent"('a receipt is never changed');
--> statement-breakpoint
-- Counters grow by small steps: one that was set to its end would keep all others from writing the row.
CREATE FUNCTION "orchestrator"."is_step"(was "orchestrator"."sessions", written "orchestrator"."sessions")
RETURNS boolean IMMUTABLE PARALLEL SAFE
RETURN written.version IN (was.version, was.version + 1) AND written.seq - was.seq BETWEEN 0 AND 4000
  AND written.renewals <= was.renewals + 1 AND written.near_misses <= was.near_misses + 1
  AND written.tasks_open <= was.tasks_open + 4000;
--> statement-breakpoint
CREATE FUNCTION "orchestrator"."is_step"(was "orchestrator"."tasks", written "orchestrator"."tasks")
RETURNS boolean IMMUTABLE PARALLEL SAFE
RETURN written.version IN (was.version, was.version + 1) AND written.attempt - 1 <= was.attempt
  AND written.interruptions <= was.interruptions + 1;
--> statement-breakpoint
-- To set a search path would cost each call of this function more than what it does. Every name in it has its schema,
-- and no operator is looked up: those of the conditions were when their functions were made.
CREATE FUNCTION "orchestrator"."check_step"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF orchestrator.broken_check(NEW) IS NULL AND orchestrator.is_step(OLD, NEW) THEN
    RETURN NULL;
  END IF;
  PERFORM orchestrator.refuse_row(TG_RELID, orchestrator.broken_check(NEW), TG_ARGV[0]);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "sessions_steps" AFTER UPDATE ON "orchestrator"."sessions" FOR EACH ROW
EXECUTE FUNCTION "orchestrator"."check_step"('a counter of a session changes step by step');
--> statement-breakpoint
CREATE TRIGGER "tasks_steps" AFTER UPDATE ON "orchestrator"."tasks" FOR EACH ROW
EXECUTE FUNCTION "orchestrator"."check_step"('a counter of a task changes step by step');
--> statement-breakpoint
-- At the end of a transaction, a session and its running task name each other, and a lease that began in it was granted
-- in it and has not ended. Rows that contradict each other or the log would stop each command that comes upon them.
CREATE FUNCTION "orchestrator"."check_lease"() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  session text;
  is_granted boolean := true;
BEGIN
  IF TG_TABLE_NAME = 'tasks' THEN
    session := NEW.session_id;
  ELSE
    session := NEW.id;
    IF NEW.fence IS NOT NULL AND NEW.fence IS DISTINCT FROM OLD.fence THEN
      -- Another transaction can have ended it meanwhile, unseen by this one, unless the grant is its own.
      is_granted := (SELECT count(*) = 1 AND bool_and(e.lease_effect = 'granted' AND e.namespace = NEW.namespace
          AND e.session_id = NEW.id AND e.xmin = pg_current_xact_id()::xid) FROM orchestrator.event_log e
        WHERE e.fence = NEW.fence AND e.fence >= 0 AND e.lease_effect IN ('granted', 'ended'))
        OR NOT EXISTS (SELECT 1 FROM orchestrator.sessions s
          WHERE s.namespace = NEW.namespace AND s.id = NEW.id AND s.fence = NEW.fence);
    END IF;
  END IF;
  IF is_granted AND EXISTS (SELECT 1 FROM orchestrator.sessions s
    WHERE s.namespace = NEW.namespace AND s.id = session
      AND s.task_id IS NOT DISTINCT FROM (SELECT t.id FROM orchestrator.tasks t
        WHERE t.namespace = s.namespace AND t.session_id = s.id AND t.status = 'running'
          -- No agent reviews work that it held itself.
          AND (t.review_of::text::jsonb -> 'not_for' ? s.agent) IS NOT TRUE)) THEN
    RETURN NULL;
  END IF;
  IF pg_has_role(current_user, (SELECT c.relowner FROM pg_class c WHERE c.oid = TG_RELID), 'MEMBER') THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'a session, its running task and the log tell of the same lease' USING ERRCODE = 'insufficient_privilege';
END $$;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER "sessions_agree" AFTER UPDATE ON "orchestrator"."sessions" DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.fence IS DISTINCT FROM OLD.fence OR NEW.task_id IS DISTINCT FROM OLD.task_id)
EXECUTE FUNCTION "orchestrator"."check_lease"();
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER "tasks_agree" AFTER UPDATE ON "orchestrator"."tasks" DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN ((NEW.status = 'running') <> (OLD.status = 'running'))
EXECUTE FUNCTION "orchestrator"."check_lease"();
--> statement-breakpoint
-- Each agent gives one verdict in a round, whatever program counts the approvals. An agent that may not claim a review
-- never may again.
CREATE FUNCTION "orchestrator"."check_verdicts"() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (SELECT count(*) = count(DISTINCT a.value ->> 'agent')
      FROM jsonb_array_elements(NEW.review::text::jsonb -> 'approved') a (value))
    AND (NEW.review_of IS NOT DISTINCT FROM OLD.review_of OR (
      NEW.review_of::text::jsonb - 'not_for' - 'judged_by' = OLD.review_of::text::jsonb - 'not_for' - 'judged_by'
      AND NEW.review_of::text::jsonb -> 'not_for' @> (OLD.review_of::text::jsonb -> 'not_for')
      AND NEW.review_of::text::jsonb -> 'judged_by' @> coalesce(OLD.review_of::text::jsonb -> 'judged_by', '[]'))) THEN
    RETURN NULL;
  END IF;
  IF pg_has_role(current_user, (SELECT c.relowner FROM pg_class c WHERE c.oid = TG_RELID), 'MEMBER') THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'each agent gives one verdict in a round of reviews' USING ERRCODE = 'insufficient_privilege';
END $$;
--> statement-breakpoint
CREATE TRIGGER "tasks_one_verdict" AFTER UPDATE ON "orchestrator"."tasks" FOR EACH ROW
WHEN (NEW.review IS DISTINCT FROM OLD.review OR NEW.review_of IS DISTINCT FROM OLD.review_of)
EXECUTE FUNCTION "orchestrator"."check_verdicts"();
--> statement-breakpoint
-- A number that was not drawn would be in the way of the one who draws it.
CREATE FUNCTION "orchestrator"."is_new"(written "orchestrator"."sessions") RETURNS boolean
RETURN written.number <= coalesce(pg_sequence_last_value('orchestrator.numbers'), 0)
  AND written.status IN ('idle', 'closed') AND written.version <= 1 AND written.seq <= 4000
  AND written.tasks_open <= 4000 AND written.renewals <= 0 AND written.near_misses <= 0;
--> statement-breakpoint
CREATE FUNCTION "orchestrator"."is_new"(written "orchestrator"."tasks") RETURNS boolean
RETURN written.number <= coalesce(pg_sequence_last_value('orchestrator.numbers'), 0)
  AND written.status IN ('scheduled', 'queued', 'blocked', 'cancelled') AND written.version <= 1
  AND written.attempt <= 0 AND written.interruptions <= 0;
--> statement-breakpoint
CREATE FUNCTION "orchestrator"."check_new"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF orchestrator.broken_check(NEW) IS NULL AND orchestrator.is_new(NEW) THEN
    RETURN NULL;
  END IF;
  PERFORM orchestrator.refuse_row(TG_RELID, orchestrator.broken_check(NEW), TG_ARGV[0]);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "sessions_new" AFTER INSERT ON "orchestrator"."sessions" FOR EACH ROW
EXECUTE FUNCTION "orchestrator"."check_new"('a session begins without a holder, with a number that was drawn');
--> statement-breakpoint
CREATE TRIGGER "tasks_new" AFTER INSERT ON "orchestrator"."tasks" FOR EACH ROW
EXECUTE FUNCTION "orchestrator"."check_new"('a task begins without a holder, with a number that was drawn');
--> statement-breakpoint
CREATE TRIGGER "agents_steps" AFTER UPDATE ON "orchestrator"."agents" FOR EACH ROW
WHEN (NEW.version NOT IN (OLD.version, OLD.version + 1) OR NEW.seq NOT IN (OLD.seq, OLD.seq + 1))
EXECUTE FUNCTION "orchestrator"."refuse_agent"('a counter of an agent changes step by step');
--> statement-breakpoint
CREATE TRIGGER "agents_new" AFTER INSERT ON "orchestrator"."agents" FOR EACH ROW
WHEN (NEW.version > 1 OR NEW.seq > 1)
EXECUTE FUNCTION "orchestrator"."refuse_agent"('an agent begins with its first event');
--> statement-breakpoint
ALTER TABLE "orchestrator"."event_log" ENABLE ALWAYS TRIGGER "event_log_new";
--> statement-breakpoint
-- A session that calls itself a replica meets CHECKs, too.
ALTER TABLE "orchestrator"."sessions" ENABLE ALWAYS TRIGGER "sessions_new", ENABLE ALWAYS TRIGGER "sessions_steps";
--> statement-breakpoint
ALTER TABLE "orchestrator"."tasks" ENABLE ALWAYS TRIGGER "tasks_new", ENABLE ALWAYS TRIGGER "tasks_steps";
