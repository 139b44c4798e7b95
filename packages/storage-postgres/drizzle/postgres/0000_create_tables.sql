CREATE SCHEMA "orchestrator";
--> statement-breakpoint
CREATE DOMAIN "orchestrator"."json_text" AS text COLLATE "C"
  CHECK (octet_length(VALUE::json::text) <= 8388608);
--> statement-breakpoint
CREATE DOMAIN "orchestrator"."object_text" AS text COLLATE "C"
  CHECK (octet_length(VALUE) <= 8388608 AND json_typeof(VALUE::json) = 'object');
--> statement-breakpoint
CREATE SEQUENCE "orchestrator"."changes" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE SEQUENCE "orchestrator"."numbers" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE TABLE "orchestrator"."agents" (
	"namespace" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"status" text COLLATE "C" NOT NULL,
	"human" integer NOT NULL,
	"seq" integer NOT NULL,
	"version" integer NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	"hash" text COLLATE "C" NOT NULL,
	"machine" text COLLATE "C",
	"public_key" text COLLATE "C",
	"roles" "orchestrator"."json_text" NOT NULL,
	"signed_roles" "orchestrator"."json_text" NOT NULL,
	CONSTRAINT "agents_namespace_name_pk" PRIMARY KEY("namespace","name"),
	CONSTRAINT "agents_status" CHECK (status IN ('active', 'draining', 'retired')),
	CONSTRAINT "agents_human" CHECK (human IN (0, 1)),
	CONSTRAINT "agents_roles_are_names" CHECK (roles = '[]' OR (roles LIKE '["%"]' AND length(replace(roles, '","', '')) - length(replace(replace(roles, '","', ''), '"', '')) = 2)),
	CONSTRAINT "agents_signed_roles_are_names" CHECK (signed_roles = '[]' OR (signed_roles LIKE '["%"]' AND length(replace(signed_roles, '","', '')) - length(replace(replace(signed_roles, '","', ''), '"', '')) = 2)),
	CONSTRAINT "agents_public_key" CHECK (public_key IS NULL OR length(public_key) = 43),
	CONSTRAINT "agents_others" CHECK (name <> '*' OR status <> 'draining'),
	CONSTRAINT "agents_counters" CHECK (seq >= 0 AND version >= 1 AND created_at >= 0 AND created_at <= 9007199254740991 AND updated_at >= 0 AND updated_at <= 9007199254740991),
	CONSTRAINT "agents_lengths" CHECK (length(hash) = 64)
);
--> statement-breakpoint
CREATE TABLE "orchestrator"."dependencies" (
	"namespace" text COLLATE "C" NOT NULL,
	"task_id" text COLLATE "C" NOT NULL,
	"dependency_id" text COLLATE "C" NOT NULL,
	"on_dependency_failure" text COLLATE "C" NOT NULL,
	"ended" text COLLATE "C",
	CONSTRAINT "dependencies_namespace_task_id_dependency_id_pk" PRIMARY KEY("namespace","task_id","dependency_id"),
	CONSTRAINT "dependencies_policy" CHECK (on_dependency_failure IN ('block', 'cancel', 'run')),
	CONSTRAINT "dependencies_ended" CHECK (ended IS NULL OR ended IN ('succeeded', 'failed', 'cancelled')),
	CONSTRAINT "dependencies_self" CHECK (task_id <> dependency_id)
);
--> statement-breakpoint
CREATE TABLE "orchestrator"."dependency_ends" (
	"namespace" text COLLATE "C" NOT NULL,
	"task_id" text COLLATE "C" NOT NULL,
	"dependency_id" text COLLATE "C" NOT NULL,
	"seq" integer NOT NULL,
	"status" text COLLATE "C" NOT NULL,
	CONSTRAINT "dependency_ends_namespace_task_id_dependency_id_seq_pk" PRIMARY KEY("namespace","task_id","dependency_id","seq"),
	CONSTRAINT "dependency_ends_status" CHECK (status IN ('succeeded', 'failed', 'cancelled')),
	CONSTRAINT "dependency_ends_seq" CHECK (seq >= 1)
);
--> statement-breakpoint
CREATE TABLE "orchestrator"."event_log" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "orchestrator"."event_log_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"stream_kind" text COLLATE "C" NOT NULL,
	"namespace" text COLLATE "C" NOT NULL,
	"stream_id" text COLLATE "C" NOT NULL,
	"session_id" text COLLATE "C",
	"seq" integer NOT NULL,
	"type" text COLLATE "C" NOT NULL,
	"task_id" text COLLATE "C",
	"fence" bigint,
	"lease_effect" text COLLATE "C",
	"agent" text COLLATE "C",
	"instance" text COLLATE "C",
	"command_id" text COLLATE "C",
	"at" bigint NOT NULL,
	"prev_hash" text COLLATE "C" NOT NULL,
	"hash" text COLLATE "C" NOT NULL,
	"payload" "orchestrator"."object_text" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "orchestrator"."meta" (
	"key" text COLLATE "C" PRIMARY KEY NOT NULL,
	"value" "orchestrator"."json_text" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "orchestrator"."receipts" (
	"namespace" text COLLATE "C" NOT NULL,
	"command_id" text COLLATE "C" NOT NULL,
	"request_hash" text COLLATE "C" NOT NULL,
	"at" bigint NOT NULL,
	"reply" "orchestrator"."json_text" NOT NULL,
	CONSTRAINT "receipts_namespace_command_id_pk" PRIMARY KEY("namespace","command_id"),
	CONSTRAINT "receipts_at" CHECK (at >= 0 AND at <= 9007199254740991),
	CONSTRAINT "receipts_lengths" CHECK (length(request_hash) = 64)
);
--> statement-breakpoint
CREATE TABLE "orchestrator"."sessions" (
	"number" bigint NOT NULL,
	"namespace" text COLLATE "C" NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"status" text COLLATE "C" NOT NULL,
	"agent" text COLLATE "C",
	"instance" text COLLATE "C",
	"host" text COLLATE "C",
	"boot" text COLLATE "C",
	"pid" integer,
	"process_start" text COLLATE "C",
	"process_group" integer,
	"fence" bigint,
	"token_hash" text COLLATE "C",
	"ttl_ms" integer,
	"stale_after_ms" integer,
	"lease_expires_at" bigint,
	"heartbeat_at" bigint,
	"stale_at" bigint,
	"progress" "orchestrator"."json_text",
	"task_id" text COLLATE "C",
	"renewals" integer NOT NULL,
	"near_misses" integer NOT NULL,
	"last_near_miss_at" bigint,
	"context" "orchestrator"."object_text",
	"tasks_open" integer NOT NULL,
	"seq" integer NOT NULL,
	"hash" text COLLATE "C" NOT NULL,
	"next_task_id" text COLLATE "C",
	"next_priority" integer,
	"next_queued_at" bigint,
	"next_kind" text COLLATE "C",
	"next_for" text COLLATE "C",
	"version" integer NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	CONSTRAINT "sessions_namespace_id_pk" PRIMARY KEY("namespace","id")
);
--> statement-breakpoint
CREATE TABLE "orchestrator"."tasks" (
	"number" bigint NOT NULL,
	"namespace" text COLLATE "C" NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"session_id" text COLLATE "C" NOT NULL,
	"status" text COLLATE "C" NOT NULL,
	"kind" text COLLATE "C" NOT NULL,
	"title" text COLLATE "C" NOT NULL,
	"priority" integer NOT NULL,
	"dedupe_key" text COLLATE "C",
	"run_at" bigint,
	"delayed_at" bigint,
	"queued_at" bigint NOT NULL,
	"attempt" integer NOT NULL,
	"attempts_max" integer NOT NULL,
	"interruptions" integer NOT NULL,
	"interruptions_max" integer NOT NULL,
	"backoff_ms" integer NOT NULL,
	"assignee" text COLLATE "C",
	"role" text COLLATE "C",
	"author" text COLLATE "C",
	"reviewer" text COLLATE "C",
	"source" text COLLATE "C",
	"note" text COLLATE "C",
	"cancel_requested_at" bigint,
	"created_at" bigint NOT NULL,
	"started_at" bigint,
	"finished_at" bigint,
	"handed_off_by" text COLLATE "C",
	"handed_off_at" bigint,
	"return_at" bigint,
	"returned_from" text COLLATE "C",
	"version" integer NOT NULL,
	"dedupe_while" text COLLATE "C",
	"asked_at" bigint,
	"asked_by" text COLLATE "C",
	"asked_agent" text COLLATE "C",
	"asked_role" text COLLATE "C",
	"answered_by" text COLLATE "C",
	"open_dependencies" integer,
	"on_dependency_failure" text COLLATE "C",
	"parent_id" text COLLATE "C",
	"payload" "orchestrator"."json_text" NOT NULL,
	"result" "orchestrator"."json_text",
	"error" "orchestrator"."json_text",
	"question" text COLLATE "C",
	"answer" text COLLATE "C",
	"review" "orchestrator"."object_text",
	"review_of" "orchestrator"."object_text",
	CONSTRAINT "tasks_namespace_id_pk" PRIMARY KEY("namespace","id")
);
--> statement-breakpoint
ALTER TABLE "orchestrator"."dependencies" ADD CONSTRAINT "dependencies_task" FOREIGN KEY ("namespace","task_id") REFERENCES "orchestrator"."tasks"("namespace","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "orchestrator"."dependencies" ADD CONSTRAINT "dependencies_dependency" FOREIGN KEY ("namespace","dependency_id") REFERENCES "orchestrator"."tasks"("namespace","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "orchestrator"."dependency_ends" ADD CONSTRAINT "dependency_ends_dependency" FOREIGN KEY ("namespace","task_id","dependency_id") REFERENCES "orchestrator"."dependencies"("namespace","task_id","dependency_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "orchestrator"."event_log" ADD CONSTRAINT "event_log_session" FOREIGN KEY ("namespace","session_id") REFERENCES "orchestrator"."sessions"("namespace","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "orchestrator"."tasks" ADD CONSTRAINT "tasks_session" FOREIGN KEY ("namespace","session_id") REFERENCES "orchestrator"."sessions"("namespace","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "dependencies_of_dependents" ON "orchestrator"."dependencies" USING btree ("namespace","dependency_id","task_id") WHERE dependency_id > '';--> statement-breakpoint
CREATE UNIQUE INDEX "event_log_seq" ON "orchestrator"."event_log" USING btree ("stream_kind","namespace","stream_id","seq");--> statement-breakpoint
CREATE UNIQUE INDEX "event_log_lease" ON "orchestrator"."event_log" USING btree ("fence","lease_effect") WHERE lease_effect IS NOT NULL AND fence >= 0;--> statement-breakpoint
CREATE INDEX "event_log_grant" ON "orchestrator"."event_log" USING btree ("namespace","session_id","fence") WHERE lease_effect = 'granted' AND session_id > '';--> statement-breakpoint
CREATE INDEX "event_log_task" ON "orchestrator"."event_log" USING btree ("namespace","task_id","id") WHERE task_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX "receipts_over" ON "orchestrator"."receipts" USING btree ("at");--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_by_number" ON "orchestrator"."sessions" USING btree ("number");--> statement-breakpoint
CREATE INDEX "sessions_ready" ON "orchestrator"."sessions" USING btree ("namespace","next_for","next_priority","next_queued_at","next_task_id") WHERE status = 'idle' AND next_task_id IS NOT NULL AND next_priority >= 0;--> statement-breakpoint
CREATE INDEX "sessions_ready_of_kind" ON "orchestrator"."sessions" USING btree ("namespace","next_for","next_kind","next_priority","next_queued_at","next_task_id") WHERE status = 'idle' AND next_task_id IS NOT NULL AND next_kind > '';--> statement-breakpoint
CREATE INDEX "sessions_stale" ON "orchestrator"."sessions" USING btree ("namespace","stale_at","id") WHERE status = 'running' AND stale_at >= 0;--> statement-breakpoint
CREATE INDEX "sessions_held" ON "orchestrator"."sessions" USING btree ("namespace","agent","id") WHERE status = 'running' AND agent > '';--> statement-breakpoint
CREATE INDEX "sessions_closed" ON "orchestrator"."sessions" USING btree ("namespace") WHERE status = 'closed';--> statement-breakpoint
CREATE INDEX "sessions_empty" ON "orchestrator"."sessions" USING btree ("namespace") WHERE status = 'idle' AND next_task_id IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "tasks_by_number" ON "orchestrator"."tasks" USING btree ("number");--> statement-breakpoint
CREATE UNIQUE INDEX "tasks_dedupe_key" ON "orchestrator"."tasks" USING btree ("namespace","dedupe_key") WHERE dedupe_key IS NOT NULL AND (dedupe_while IS NULL OR (status <> 'succeeded' AND status <> 'failed' AND status <> 'cancelled'));--> statement-breakpoint
CREATE UNIQUE INDEX "tasks_running" ON "orchestrator"."tasks" USING btree ("namespace","session_id") WHERE status = 'running';--> statement-breakpoint
CREATE INDEX "tasks_of_session" ON "orchestrator"."tasks" USING btree ("namespace","session_id","id") WHERE created_at >= 0;--> statement-breakpoint
CREATE INDEX "tasks_queued" ON "orchestrator"."tasks" USING btree ("namespace","session_id","priority","queued_at","id") WHERE status = 'queued' AND priority >= 0;--> statement-breakpoint
CREATE INDEX "tasks_due" ON "orchestrator"."tasks" USING btree ("namespace","run_at") WHERE status = 'scheduled' AND run_at >= 0;--> statement-breakpoint
CREATE INDEX "tasks_due_in_session" ON "orchestrator"."tasks" USING btree ("namespace","session_id","run_at") WHERE status = 'scheduled' AND session_id > '';--> statement-breakpoint
CREATE INDEX "tasks_waiting" ON "orchestrator"."tasks" USING btree ("namespace","asked_at","id") WHERE status = 'waiting' AND asked_at >= 0;--> statement-breakpoint
CREATE INDEX "tasks_delayed" ON "orchestrator"."tasks" USING btree ("delayed_at") WHERE status = 'scheduled' AND delayed_at IS NOT NULL AND delayed_at >= 0;--> statement-breakpoint
CREATE INDEX "tasks_pending" ON "orchestrator"."tasks" USING btree ("namespace","session_id","id") WHERE (status = 'scheduled' OR status = 'blocked' OR status = 'queued' OR status = 'waiting' OR status = 'in_review') AND id > '';--> statement-breakpoint
CREATE INDEX "tasks_of_parent" ON "orchestrator"."tasks" USING btree ("namespace","parent_id","id") WHERE parent_id IS NOT NULL AND parent_id > '';--> statement-breakpoint
CREATE INDEX "tasks_handed_off" ON "orchestrator"."tasks" USING btree ("namespace","id") WHERE handed_off_at >= 0;--> statement-breakpoint
CREATE INDEX "tasks_returning" ON "orchestrator"."tasks" USING btree ("namespace","return_at","id") WHERE return_at >= 0;--> statement-breakpoint
CREATE INDEX "tasks_aside" ON "orchestrator"."tasks" USING btree ("namespace","status","id") WHERE (status = 'blocked' OR status = 'waiting' OR status = 'in_review');--> statement-breakpoint
CREATE INDEX "tasks_ended" ON "orchestrator"."tasks" USING btree ("namespace","status","id") WHERE (status = 'succeeded' OR status = 'failed' OR status = 'cancelled');
--> statement-breakpoint
CREATE FUNCTION "orchestrator"."broken_check"(written "orchestrator"."sessions") RETURNS text IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN NOT (written.number >= 1 AND written.number <= 9007199254740991 AND written.tasks_open >= 0 AND written.seq >= 0 AND written.version >= 1 AND written.renewals >= 0 AND written.near_misses >= 0) THEN 'sessions_counters'
  WHEN NOT (CASE WHEN written.status = 'running' THEN num_nulls(written.agent, written.fence, written.token_hash, written.ttl_ms, written.stale_after_ms, written.lease_expires_at, written.heartbeat_at, written.stale_at, written.task_id) = 0 ELSE num_nonnulls(written.agent, written.instance, written.host, written.boot, written.pid, written.process_start, written.process_group, written.fence, written.token_hash, written.ttl_ms, written.stale_after_ms, written.lease_expires_at, written.heartbeat_at, written.stale_at, written.progress, written.task_id) = 0 END) THEN 'sessions_lease'
  WHEN NOT (written.fence >= 0 AND written.fence <= 9007199254740991 AND written.process_group >= 0 AND written.lease_expires_at >= 0 AND written.lease_expires_at <= 9007199254740991 AND written.heartbeat_at >= 0 AND written.heartbeat_at <= 9007199254740991 AND written.stale_at >= 0 AND written.stale_at <= 9007199254740991) THEN 'sessions_lease_numbers'
  WHEN NOT (length(written.token_hash) = 64 AND length(written.hash) = 64) THEN 'sessions_lengths'
  WHEN NOT (CASE WHEN written.next_task_id IS NULL THEN num_nonnulls(written.next_task_id, written.next_priority, written.next_queued_at, written.next_kind, written.next_for) = 0 ELSE num_nulls(written.next_task_id, written.next_priority, written.next_queued_at, written.next_kind, written.next_for) = 0 END) THEN 'sessions_next'
  WHEN NOT (written.status IN ('idle', 'running', 'closed')) THEN 'sessions_status'
  WHEN NOT (written.created_at >= 0 AND written.created_at <= 9007199254740991 AND written.updated_at >= 0 AND written.updated_at <= 9007199254740991 AND written.last_near_miss_at >= 0 AND written.last_near_miss_at <= 9007199254740991) THEN 'sessions_times'
END;
--> statement-breakpoint
CREATE FUNCTION "orchestrator"."broken_check"(written "orchestrator"."tasks") RETURNS text IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN NOT (written.assignee IS NULL OR written.role IS NULL) THEN 'tasks_addressee'
  WHEN NOT (written.asked_at >= 0 AND written.asked_at <= 9007199254740991) THEN 'tasks_asked_at'
  WHEN NOT (written.attempt >= 0 AND written.interruptions >= 0 AND written.version >= 1 AND written.open_dependencies >= 0) THEN 'tasks_counters'
  WHEN NOT (written.dedupe_while IS NULL OR (written.dedupe_while = 'open' AND written.dedupe_key IS NOT NULL)) THEN 'tasks_dedupe_while'
  WHEN NOT (CASE WHEN written.status = 'blocked' THEN written.open_dependencies > 0 WHEN written.status IN ('waiting', 'cancelled') THEN written.open_dependencies >= 0 ELSE coalesce(written.open_dependencies, 0) = 0 END) THEN 'tasks_dependencies'
  WHEN NOT (written.number >= 1 AND written.number <= 9007199254740991 AND written.priority >= 0 AND written.attempts_max >= 0 AND written.interruptions_max >= 0 AND written.backoff_ms >= 0 AND written.created_at >= 0 AND written.created_at <= 9007199254740991) THEN 'tasks_fixed'
  WHEN NOT (CASE WHEN written.handed_off_at IS NULL
      THEN written.handed_off_by IS NULL AND written.return_at IS NULL AND written.returned_from IS NULL
      ELSE written.handed_off_by IS NOT NULL AND written.status = 'queued' AND (written.assignee IS NOT NULL OR written.role IS NOT NULL)
        AND (written.return_at IS NULL OR written.returned_from IS NULL) END) THEN 'tasks_hand_off'
  WHEN NOT (written.handed_off_at >= 0 AND written.handed_off_at <= 9007199254740991 AND written.return_at >= 0 AND written.return_at <= 9007199254740991) THEN 'tasks_hand_off_times'
  WHEN NOT (written.status <> 'in_review' OR written.review IS NOT NULL) THEN 'tasks_in_review'
  WHEN NOT ((written.status <> 'waiting' OR coalesce(written.open_dependencies, 0) > 0 OR (written.question IS NOT NULL AND written.asked_at IS NOT NULL AND written.answer IS NULL)) AND (written.asked_agent IS NULL OR written.asked_role IS NULL)) THEN 'tasks_question'
  WHEN NOT (written.status <> 'scheduled' OR written.run_at IS NOT NULL) THEN 'tasks_scheduled'
  WHEN NOT (written.status IN ('scheduled', 'blocked', 'queued', 'running', 'waiting', 'in_review', 'succeeded', 'failed', 'cancelled')) THEN 'tasks_status'
  WHEN NOT (written.queued_at >= 0 AND written.queued_at <= 9007199254740991 AND written.run_at >= 0 AND written.run_at <= 9007199254740991 AND written.delayed_at >= 0 AND written.delayed_at <= 9007199254740991 AND written.started_at >= 0 AND written.started_at <= 9007199254740991 AND written.finished_at >= 0 AND written.finished_at <= 9007199254740991 AND written.cancel_requested_at >= 0 AND written.cancel_requested_at <= 9007199254740991) THEN 'tasks_times'
END;
--> statement-breakpoint
CREATE FUNCTION "orchestrator"."broken_check"(written "orchestrator"."event_log") RETURNS text IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN NOT (written.lease_effect IN ('granted', 'ended', 'refused') AND (written.lease_effect IS NULL OR written.fence IS NOT NULL)) THEN 'event_log_lease_effect'
  WHEN NOT (length(written.prev_hash) = 64 AND length(written.hash) = 64) THEN 'event_log_lengths'
  WHEN NOT (written.seq >= 1 AND written.fence >= 0 AND written.fence <= 9007199254740991 AND written.at >= 0 AND written.at <= 9007199254740991) THEN 'event_log_numbers'
  WHEN NOT (written.stream_kind <> 'session' OR (written.session_id IS NOT NULL AND written.session_id = written.stream_id)) THEN 'event_log_session_stream'
  WHEN NOT (written.stream_kind IN ('session', 'agent')) THEN 'event_log_stream'
END;
--> statement-breakpoint
CREATE VIEW "orchestrator"."tasks_v" AS
SELECT namespace, id, number, session_id, kind, title, payload, priority, status, dedupe_key, run_at, delayed_at, queued_at, attempt, attempts_max, interruptions, interruptions_max, backoff_ms, assignee, role, author, reviewer, source, note, cancel_requested_at, result, error, created_at, started_at, finished_at, handed_off_by, handed_off_at, return_at, returned_from, review, review_of, version, dedupe_while, question, asked_at, asked_by, asked_agent, asked_role, answer, answered_by, open_dependencies, on_dependency_failure, parent_id FROM orchestrator.tasks;
--> statement-breakpoint
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 150000 THEN
    ALTER VIEW "orchestrator"."tasks_v" SET (security_invoker = true);
  END IF;
END $$;
--> statement-breakpoint
CREATE VIEW "orchestrator"."sessions_v" AS
SELECT namespace, id, number, status, agent, instance, host, boot, pid, process_start, process_group, fence, token_hash, ttl_ms, stale_after_ms, lease_expires_at, heartbeat_at, stale_at, progress, task_id, renewals, near_misses, last_near_miss_at, context, tasks_open, seq, hash, version, created_at, updated_at, next_task_id, next_priority, next_queued_at, next_kind, next_for FROM orchestrator.sessions;
--> statement-breakpoint
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 150000 THEN
    ALTER VIEW "orchestrator"."sessions_v" SET (security_invoker = true);
  END IF;
END $$;
--> statement-breakpoint
CREATE VIEW "orchestrator"."leases_v" AS
SELECT namespace, id AS session_id, task_id, agent, instance, fence, ttl_ms, stale_after_ms, lease_expires_at, heartbeat_at, stale_at, host, boot, pid, process_start, process_group, progress FROM orchestrator.sessions WHERE status = 'running';
--> statement-breakpoint
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 150000 THEN
    ALTER VIEW "orchestrator"."leases_v" SET (security_invoker = true);
  END IF;
END $$;
--> statement-breakpoint
CREATE VIEW "orchestrator"."agents_v" AS
SELECT namespace, name, status, roles, machine, human, public_key, signed_roles, seq, hash, version, created_at, updated_at FROM orchestrator.agents;
--> statement-breakpoint
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 150000 THEN
    ALTER VIEW "orchestrator"."agents_v" SET (security_invoker = true);
  END IF;
END $$;
--> statement-breakpoint
CREATE VIEW "orchestrator"."events_v" AS
SELECT id, stream_kind, namespace, stream_id, seq, type, lease_effect, session_id, task_id, agent, instance, fence, command_id, payload, at, prev_hash, hash FROM orchestrator.event_log;
--> statement-breakpoint
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 150000 THEN
    ALTER VIEW "orchestrator"."events_v" SET (security_invoker = true);
  END IF;
END $$;
