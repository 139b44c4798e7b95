-- What `orchestrator store init --roles --print` prints: the roles, made when the server starts for the first time.
-- A login for an agent: CREATE ROLE company_agent LOGIN PASSWORD '…' IN ROLE orchestrator_app;
DO $role$ BEGIN
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'orchestrator_owner') THEN CREATE ROLE orchestrator_owner NOLOGIN; END IF;
END $role$;
DO $role$ BEGIN
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'orchestrator_app') THEN CREATE ROLE orchestrator_app NOLOGIN; END IF;
END $role$;
DO $role$ BEGIN
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'orchestrator_reader') THEN CREATE ROLE orchestrator_reader NOLOGIN; END IF;
END $role$;
GRANT orchestrator_owner TO CURRENT_USER;
DO $owner$ BEGIN
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  EXECUTE format('GRANT CREATE ON DATABASE %I TO orchestrator_owner', current_database());
  IF to_regnamespace('orchestrator') IS NOT NULL THEN
    ALTER SCHEMA orchestrator OWNER TO orchestrator_owner;
    ALTER TABLE orchestrator.sessions OWNER TO orchestrator_owner;
    ALTER TABLE orchestrator.tasks OWNER TO orchestrator_owner;
    ALTER TABLE orchestrator.agents OWNER TO orchestrator_owner;
    ALTER TABLE orchestrator.dependencies OWNER TO orchestrator_owner;
    ALTER TABLE orchestrator.dependency_ends OWNER TO orchestrator_owner;
    ALTER TABLE orchestrator.event_log OWNER TO orchestrator_owner;
    ALTER TABLE orchestrator.receipts OWNER TO orchestrator_owner;
    ALTER TABLE orchestrator.meta OWNER TO orchestrator_owner;
    ALTER TABLE orchestrator.tasks_v OWNER TO orchestrator_owner;
    ALTER TABLE orchestrator.sessions_v OWNER TO orchestrator_owner;
    ALTER TABLE orchestrator.leases_v OWNER TO orchestrator_owner;
    ALTER TABLE orchestrator.agents_v OWNER TO orchestrator_owner;
    ALTER TABLE orchestrator.events_v OWNER TO orchestrator_owner;
    ALTER SEQUENCE orchestrator.changes OWNER TO orchestrator_owner;
    ALTER SEQUENCE orchestrator.numbers OWNER TO orchestrator_owner;
    ALTER DOMAIN orchestrator.json_text OWNER TO orchestrator_owner;
    ALTER DOMAIN orchestrator.object_text OWNER TO orchestrator_owner;
    ALTER FUNCTION orchestrator.refuse_change() OWNER TO orchestrator_owner;
    ALTER FUNCTION orchestrator.refuse_work() OWNER TO orchestrator_owner;
    ALTER FUNCTION orchestrator.refuse_agent() OWNER TO orchestrator_owner;
    ALTER FUNCTION orchestrator.check_new_event() OWNER TO orchestrator_owner;
    ALTER FUNCTION orchestrator.check_meta() OWNER TO orchestrator_owner;
    ALTER FUNCTION orchestrator.check_lease() OWNER TO orchestrator_owner;
    ALTER FUNCTION orchestrator.check_verdicts() OWNER TO orchestrator_owner;
    GRANT USAGE ON SCHEMA orchestrator TO orchestrator_app, orchestrator_reader;
    GRANT SELECT, INSERT ON orchestrator.sessions, orchestrator.tasks, orchestrator.agents TO orchestrator_app;
    GRANT UPDATE (status, agent, instance, host, boot, pid, process_start, process_group, fence, token_hash, ttl_ms, stale_after_ms, lease_expires_at, heartbeat_at, stale_at, progress, task_id, renewals, near_misses, last_near_miss_at, context, tasks_open, seq, hash, version, updated_at, next_task_id, next_priority, next_queued_at, next_kind, next_for) ON orchestrator.sessions TO orchestrator_app;
    GRANT UPDATE (status, queued_at, attempt, interruptions, version, started_at, finished_at, run_at, delayed_at, assignee, role, note, cancel_requested_at, result, error, handed_off_by, handed_off_at, return_at, returned_from, question, asked_at, asked_by, asked_agent, asked_role, answer, answered_by, review, open_dependencies, review_of, on_dependency_failure) ON orchestrator.tasks TO orchestrator_app;
    GRANT UPDATE (status, roles, machine, human, public_key, signed_roles, seq, hash, version, updated_at) ON orchestrator.agents TO orchestrator_app;
    GRANT SELECT, INSERT, UPDATE (on_dependency_failure, ended) ON orchestrator.dependencies TO orchestrator_app;
    GRANT SELECT, INSERT, DELETE ON orchestrator.dependency_ends TO orchestrator_app;
    GRANT SELECT, INSERT (stream_kind, namespace, stream_id, seq, type, lease_effect, session_id, task_id, agent, instance, fence, command_id, payload, at, prev_hash, hash) ON orchestrator.event_log TO orchestrator_app;
    GRANT SELECT, INSERT, DELETE ON orchestrator.receipts TO orchestrator_app;
    GRANT UPDATE (at) ON orchestrator.receipts TO orchestrator_app;
    GRANT SELECT, UPDATE (value) ON orchestrator.meta TO orchestrator_app;
    GRANT SELECT ON orchestrator.tasks_v, orchestrator.sessions_v, orchestrator.leases_v, orchestrator.agents_v, orchestrator.events_v TO orchestrator_app;
    GRANT SELECT, USAGE ON SEQUENCE orchestrator.event_log_id_seq, orchestrator.changes, orchestrator.numbers TO orchestrator_app;
    GRANT SELECT ON ALL TABLES IN SCHEMA orchestrator TO orchestrator_reader;
    GRANT SELECT ON SEQUENCE orchestrator.event_log_id_seq, orchestrator.changes, orchestrator.numbers TO orchestrator_reader;
  END IF;
END $owner$;
