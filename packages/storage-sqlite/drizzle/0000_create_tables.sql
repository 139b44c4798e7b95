CREATE TABLE `agents` (
	`namespace` integer NOT NULL,
	`name` text NOT NULL,
	`status` text NOT NULL,
	`human` integer NOT NULL,
	`seq` integer NOT NULL,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`hash` blob NOT NULL,
	`machine` text,
	`public_key` text,
	`roles` text NOT NULL,
	`signed_roles` text NOT NULL,
	PRIMARY KEY(`namespace`, `name`),
	FOREIGN KEY (`namespace`) REFERENCES `namespaces`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "agents_status" CHECK((status = 'active' OR status = 'draining' OR status = 'retired')),
	CONSTRAINT "agents_human" CHECK(human IN (0, 1)),
	CONSTRAINT "agents_roles_are_names" CHECK(roles = '[]' OR (roles LIKE '["%"]' AND length(replace(roles, '","', '')) - length(replace(replace(roles, '","', ''), '"', '')) = 2)),
	CONSTRAINT "agents_signed_roles_are_names" CHECK(signed_roles = '[]' OR (signed_roles LIKE '["%"]' AND length(replace(signed_roles, '","', '')) - length(replace(replace(signed_roles, '","', ''), '"', '')) = 2)),
	CONSTRAINT "agents_public_key" CHECK(public_key IS NULL OR length(public_key) = 43),
	CONSTRAINT "agents_others" CHECK(name <> '*' OR status <> 'draining'),
	CONSTRAINT "agents_counters" CHECK(seq BETWEEN 0 AND 9007199254740991 AND version BETWEEN 1 AND 9007199254740991 AND created_at BETWEEN 0 AND 9007199254740991 AND updated_at BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "agents_lengths" CHECK(length(hash) = 32),
	CONSTRAINT "agents_roles" CHECK(json_valid(roles)),
	CONSTRAINT "agents_signed_roles" CHECK(json_valid(signed_roles))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `dependencies` (
	`namespace` integer NOT NULL,
	`task_id` text NOT NULL,
	`dependency_id` text NOT NULL,
	`on_dependency_failure` text NOT NULL,
	`ended` text,
	PRIMARY KEY(`namespace`, `task_id`, `dependency_id`),
	FOREIGN KEY (`namespace`) REFERENCES `namespaces`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`namespace`,`task_id`) REFERENCES `tasks`(`namespace`,`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`namespace`,`dependency_id`) REFERENCES `tasks`(`namespace`,`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "dependencies_policy" CHECK((on_dependency_failure = 'block' OR on_dependency_failure = 'cancel' OR on_dependency_failure = 'run')),
	CONSTRAINT "dependencies_ended" CHECK(ended IS NULL OR (ended = 'succeeded' OR ended = 'failed' OR ended = 'cancelled')),
	CONSTRAINT "dependencies_self" CHECK(task_id <> dependency_id)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `dependencies_of_dependents` ON `dependencies` (`namespace`,`dependency_id`,`task_id`);--> statement-breakpoint
CREATE TABLE `dependency_ends` (
	`namespace` integer NOT NULL,
	`task_id` text NOT NULL,
	`dependency_id` text NOT NULL,
	`seq` integer NOT NULL,
	`status` text NOT NULL,
	PRIMARY KEY(`namespace`, `task_id`, `dependency_id`, `seq`),
	FOREIGN KEY (`namespace`) REFERENCES `namespaces`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`namespace`,`task_id`,`dependency_id`) REFERENCES `dependencies`(`namespace`,`task_id`,`dependency_id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "dependency_ends_status" CHECK((status = 'succeeded' OR status = 'failed' OR status = 'cancelled')),
	CONSTRAINT "dependency_ends_seq" CHECK(seq BETWEEN 1 AND 9007199254740991)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `event_log` (
	`id` integer PRIMARY KEY NOT NULL,
	`stream_kind` text NOT NULL,
	`namespace` integer NOT NULL,
	`stream_id` text,
	`session` integer,
	`seq` integer NOT NULL,
	`type` text NOT NULL,
	`task` integer,
	`fence` integer,
	`lease_effect` text,
	`agent` text,
	`instance` text,
	`command_id` blob,
	`at` integer NOT NULL,
	`hash` blob NOT NULL,
	`payload` text NOT NULL,
	FOREIGN KEY (`namespace`,`session`) REFERENCES `sessions`(`namespace`,`number`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`task`) REFERENCES `tasks`(`number`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "event_log_stream" CHECK(stream_kind IN ('session', 'agent')),
	CONSTRAINT "event_log_lease_effect" CHECK((lease_effect = 'granted' OR lease_effect = 'ended' OR lease_effect = 'refused') AND (lease_effect IS NULL OR fence IS NOT NULL)),
	CONSTRAINT "event_log_session_stream" CHECK(CASE stream_kind WHEN 'session' THEN session IS NOT NULL AND stream_id IS NULL ELSE stream_id IS NOT NULL END),
	CONSTRAINT "event_log_numbers" CHECK(seq BETWEEN 1 AND 9007199254740991 AND fence BETWEEN 0 AND 9007199254740991 AND at BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "event_log_lengths" CHECK(length(command_id) = 16 AND length(hash) = 32),
	CONSTRAINT "event_log_payload" CHECK(json_valid(payload))
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `event_log_seq` ON `event_log` (`namespace`,`session`,`seq`) WHERE stream_kind = 'session';--> statement-breakpoint
CREATE UNIQUE INDEX `event_log_stream` ON `event_log` (`stream_kind`,`namespace`,`stream_id`,`seq`) WHERE stream_id IS NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `event_log_lease` ON `event_log` (`fence`,`lease_effect`) WHERE lease_effect IS NOT NULL;--> statement-breakpoint
CREATE TABLE `meta` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL,
	CONSTRAINT "meta_value" CHECK(json_valid(value))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `namespaces` (
	`id` integer PRIMARY KEY NOT NULL,
	`name` text NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `namespaces_name` ON `namespaces` (`name`);--> statement-breakpoint
CREATE TABLE `receipts` (
	`namespace` integer NOT NULL,
	`command_id` blob NOT NULL,
	`request_hash` blob NOT NULL,
	`at` integer NOT NULL,
	`reply` text NOT NULL,
	PRIMARY KEY(`namespace`, `command_id`),
	FOREIGN KEY (`namespace`) REFERENCES `namespaces`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "receipts_at" CHECK(at BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "receipts_lengths" CHECK(length(command_id) = 16 AND length(request_hash) = 32),
	CONSTRAINT "receipts_reply" CHECK(json_valid(reply))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `sessions` (
	`number` integer PRIMARY KEY NOT NULL,
	`namespace` integer NOT NULL,
	`id` text NOT NULL,
	`status` text NOT NULL,
	`agent` text,
	`instance` text,
	`host` text,
	`boot` text,
	`pid` integer,
	`process_start` text,
	`process_group` integer,
	`fence` integer,
	`token_hash` blob,
	`ttl_ms` integer,
	`stale_after_ms` integer,
	`lease_expires_at` integer,
	`heartbeat_at` integer,
	`stale_at` integer,
	`progress` text,
	`task_id` text,
	`renewals` integer NOT NULL,
	`near_misses` integer NOT NULL,
	`last_near_miss_at` integer,
	`context` text,
	`tasks_open` integer NOT NULL,
	`seq` integer NOT NULL,
	`hash` blob NOT NULL,
	`next_task_id` text,
	`next_priority` integer,
	`next_queued_at` integer,
	`next_kind` text,
	`next_for` text,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`namespace`) REFERENCES `namespaces`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "sessions_status" CHECK((status = 'idle' OR status = 'running' OR status = 'closed')),
	CONSTRAINT "sessions_lease" CHECK(CASE WHEN status = 'running' THEN agent IS NOT NULL AND fence IS NOT NULL AND token_hash IS NOT NULL AND ttl_ms IS NOT NULL AND stale_after_ms IS NOT NULL AND lease_expires_at IS NOT NULL AND heartbeat_at IS NOT NULL AND stale_at IS NOT NULL AND task_id IS NOT NULL ELSE coalesce(agent, instance, host, boot, pid, process_start, process_group, fence, token_hash, ttl_ms, stale_after_ms, lease_expires_at, heartbeat_at, stale_at, progress, task_id) IS NULL END),
	CONSTRAINT "sessions_next" CHECK(CASE WHEN next_task_id IS NULL THEN coalesce(next_task_id, next_priority, next_queued_at, next_kind, next_for) IS NULL ELSE next_task_id IS NOT NULL AND next_priority IS NOT NULL AND next_queued_at IS NOT NULL AND next_kind IS NOT NULL AND next_for IS NOT NULL END),
	CONSTRAINT "sessions_lease_numbers" CHECK(fence BETWEEN 0 AND 9007199254740991 AND process_group BETWEEN 0 AND 9007199254740991 AND lease_expires_at BETWEEN 0 AND 9007199254740991 AND heartbeat_at BETWEEN 0 AND 9007199254740991 AND stale_at BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "sessions_times" CHECK(created_at BETWEEN 0 AND 9007199254740991 AND updated_at BETWEEN 0 AND 9007199254740991 AND last_near_miss_at BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "sessions_counters" CHECK(number BETWEEN 1 AND 9007199254740991 AND tasks_open BETWEEN 0 AND 9007199254740991 AND seq BETWEEN 0 AND 9007199254740991 AND version BETWEEN 1 AND 9007199254740991 AND renewals BETWEEN 0 AND 9007199254740991 AND near_misses BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "sessions_lengths" CHECK(length(token_hash) = 32 AND length(hash) = 32),
	CONSTRAINT "sessions_progress" CHECK(json_valid(progress)),
	CONSTRAINT "sessions_context" CHECK(json_valid(context))
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `sessions_id` ON `sessions` (`namespace`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `sessions_key` ON `sessions` (`namespace`,`number`);--> statement-breakpoint
CREATE INDEX `sessions_ready` ON `sessions` (`namespace`,`next_for`,`next_priority`,`next_queued_at`,`next_task_id`) WHERE status = 'idle' AND next_task_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `sessions_ready_of_kind` ON `sessions` (`namespace`,`next_for`,`next_kind`,`next_priority`,`next_queued_at`,`next_task_id`) WHERE status = 'idle' AND next_task_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `sessions_stale` ON `sessions` (`namespace`,`stale_at`,`id`) WHERE status = 'running';--> statement-breakpoint
CREATE INDEX `sessions_empty` ON `sessions` (`namespace`) WHERE status = 'idle' AND next_task_id IS NULL;--> statement-breakpoint
CREATE TABLE `tasks` (
	`number` integer PRIMARY KEY NOT NULL,
	`namespace` integer NOT NULL,
	`id` text NOT NULL,
	`session` integer NOT NULL,
	`status` text NOT NULL,
	`kind` text NOT NULL,
	`title` text NOT NULL,
	`priority` integer NOT NULL,
	`dedupe_key` text,
	`run_at` integer,
	`delayed_at` integer,
	`queued_at` integer NOT NULL,
	`attempt` integer NOT NULL,
	`attempts_max` integer NOT NULL,
	`interruptions` integer NOT NULL,
	`interruptions_max` integer NOT NULL,
	`backoff_ms` integer NOT NULL,
	`assignee` text,
	`role` text,
	`author` text,
	`reviewer` text,
	`source` text,
	`note` text,
	`cancel_requested_at` integer,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`finished_at` integer,
	`handed_off_by` text,
	`handed_off_at` integer,
	`return_at` integer,
	`returned_from` text,
	`version` integer NOT NULL,
	`dedupe_while` text,
	`asked_at` integer,
	`asked_by` text,
	`asked_agent` text,
	`asked_role` text,
	`answered_by` text,
	`open_dependencies` integer,
	`on_dependency_failure` text,
	`parent_id` text,
	`payload` text NOT NULL,
	`result` text,
	`error` text,
	`question` text,
	`answer` text,
	`review` text,
	`review_of` text,
	FOREIGN KEY (`namespace`,`session`) REFERENCES `sessions`(`namespace`,`number`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "tasks_status" CHECK((status = 'scheduled' OR status = 'blocked' OR status = 'queued' OR status = 'running' OR status = 'waiting' OR status = 'in_review' OR status = 'succeeded' OR status = 'failed' OR status = 'cancelled')),
	CONSTRAINT "tasks_scheduled" CHECK(status <> 'scheduled' OR run_at IS NOT NULL),
	CONSTRAINT "tasks_addressee" CHECK(assignee IS NULL OR role IS NULL),
	CONSTRAINT "tasks_hand_off" CHECK(CASE WHEN handed_off_at IS NULL
      THEN handed_off_by IS NULL AND return_at IS NULL AND returned_from IS NULL
      ELSE handed_off_by IS NOT NULL AND status = 'queued' AND (assignee IS NOT NULL OR role IS NOT NULL)
        AND (return_at IS NULL OR returned_from IS NULL) END),
	CONSTRAINT "tasks_hand_off_times" CHECK(handed_off_at BETWEEN 0 AND 9007199254740991 AND return_at BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "tasks_dedupe_while" CHECK(dedupe_while IS NULL OR (dedupe_while = 'open' AND dedupe_key IS NOT NULL)),
	CONSTRAINT "tasks_question" CHECK((status <> 'waiting' OR coalesce(open_dependencies, 0) > 0 OR (question IS NOT NULL AND asked_at IS NOT NULL AND answer IS NULL)) AND (asked_agent IS NULL OR asked_role IS NULL)),
	CONSTRAINT "tasks_asked_at" CHECK(asked_at BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "tasks_in_review" CHECK(status <> 'in_review' OR review IS NOT NULL),
	CONSTRAINT "tasks_counters" CHECK(attempt BETWEEN 0 AND 9007199254740991 AND interruptions BETWEEN 0 AND 9007199254740991 AND version BETWEEN 1 AND 9007199254740991 AND open_dependencies BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "tasks_times" CHECK(queued_at BETWEEN 0 AND 9007199254740991 AND run_at BETWEEN 0 AND 9007199254740991 AND delayed_at BETWEEN 0 AND 9007199254740991 AND started_at BETWEEN 0 AND 9007199254740991 AND finished_at BETWEEN 0 AND 9007199254740991 AND cancel_requested_at BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "tasks_dependencies" CHECK(CASE WHEN status = 'blocked' THEN open_dependencies > 0 WHEN status IN ('waiting', 'cancelled') THEN open_dependencies >= 0 ELSE coalesce(open_dependencies, 0) = 0 END),
	CONSTRAINT "tasks_fixed" CHECK(number BETWEEN 1 AND 9007199254740991 AND priority BETWEEN 0 AND 9007199254740991 AND attempts_max BETWEEN 0 AND 9007199254740991 AND interruptions_max BETWEEN 0 AND 9007199254740991 AND backoff_ms BETWEEN 0 AND 9007199254740991 AND created_at BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "tasks_payload" CHECK(json_valid(payload)),
	CONSTRAINT "tasks_result" CHECK(json_valid(result)),
	CONSTRAINT "tasks_error" CHECK(json_valid(error)),
	CONSTRAINT "tasks_review" CHECK(json_valid(review)),
	CONSTRAINT "tasks_review_of" CHECK(json_valid(review_of))
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `tasks_id` ON `tasks` (`namespace`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `tasks_dedupe_key` ON `tasks` (`namespace`,`dedupe_key`) WHERE dedupe_key IS NOT NULL AND (dedupe_while IS NULL OR (status <> 'succeeded' AND status <> 'failed' AND status <> 'cancelled'));--> statement-breakpoint
CREATE UNIQUE INDEX `tasks_running` ON `tasks` (`namespace`,`session`) WHERE status = 'running';--> statement-breakpoint
CREATE INDEX `tasks_of_session` ON `tasks` (`namespace`,`session`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_queued` ON `tasks` (`namespace`,`session`,`priority`,`queued_at`,`id`) WHERE status = 'queued';--> statement-breakpoint
CREATE INDEX `tasks_due` ON `tasks` (`namespace`,`run_at`) WHERE status = 'scheduled';--> statement-breakpoint
CREATE INDEX `tasks_due_in_session` ON `tasks` (`namespace`,`session`,`run_at`) WHERE status = 'scheduled';--> statement-breakpoint
CREATE INDEX `tasks_waiting` ON `tasks` (`namespace`,`asked_at`,`id`) WHERE status = 'waiting';--> statement-breakpoint
CREATE INDEX `tasks_delayed` ON `tasks` (`delayed_at`) WHERE status = 'scheduled' AND delayed_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `tasks_of_parent` ON `tasks` (`namespace`,`parent_id`,`id`) WHERE parent_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `tasks_handed_off` ON `tasks` (`namespace`,`id`) WHERE handed_off_at >= 0;--> statement-breakpoint
CREATE INDEX `tasks_returning` ON `tasks` (`namespace`,`return_at`,`id`) WHERE return_at >= 0;--> statement-breakpoint
CREATE INDEX `tasks_aside` ON `tasks` (`namespace`,`session`,`id`) WHERE (status = 'blocked' OR status = 'waiting' OR status = 'in_review');--> statement-breakpoint
CREATE INDEX `tasks_ended` ON `tasks` (`namespace`,`status`,`id`) WHERE (status = 'succeeded' OR status = 'failed' OR status = 'cancelled');
--> statement-breakpoint
CREATE VIEW `tasks_v` AS
SELECT (SELECT name FROM namespaces WHERE id = tasks.namespace) AS "namespace", id, number, (SELECT id FROM sessions WHERE number = tasks.session) AS "session_id", kind, title, payload, priority, status, dedupe_key, run_at, delayed_at, queued_at, attempt, attempts_max, interruptions, interruptions_max, backoff_ms, assignee, role, author, reviewer, source, note, cancel_requested_at, result, error, created_at, started_at, finished_at, handed_off_by, handed_off_at, return_at, returned_from, review, review_of, version, dedupe_while, question, asked_at, asked_by, asked_agent, asked_role, answer, answered_by, open_dependencies, on_dependency_failure, parent_id FROM tasks;
--> statement-breakpoint
CREATE VIEW `sessions_v` AS
SELECT (SELECT name FROM namespaces WHERE id = sessions.namespace) AS "namespace", id, number, status, agent, instance, host, boot, pid, process_start, process_group, fence, nullif(lower(hex(token_hash)), '') AS "token_hash", ttl_ms, stale_after_ms, lease_expires_at, heartbeat_at, stale_at, progress, task_id, renewals, near_misses, last_near_miss_at, context, tasks_open, seq, nullif(lower(hex(hash)), '') AS "hash", version, created_at, updated_at, next_task_id, next_priority, next_queued_at, next_kind, next_for FROM sessions;
--> statement-breakpoint
CREATE VIEW `leases_v` AS
SELECT (SELECT name FROM namespaces WHERE id = sessions.namespace) AS "namespace", id AS "session_id", task_id, agent, instance, fence, ttl_ms, stale_after_ms, lease_expires_at, heartbeat_at, stale_at, host, boot, pid, process_start, process_group, progress FROM sessions WHERE status = 'running';
--> statement-breakpoint
CREATE VIEW `agents_v` AS
SELECT (SELECT name FROM namespaces WHERE id = agents.namespace) AS "namespace", name, status, roles, machine, human, public_key, signed_roles, seq, nullif(lower(hex(hash)), '') AS "hash", version, created_at, updated_at FROM agents;
--> statement-breakpoint
CREATE VIEW `events_v` AS
SELECT id, stream_kind, (SELECT name FROM namespaces WHERE id = event_log.namespace) AS "namespace", CASE WHEN event_log.stream_kind = 'session' THEN (SELECT id FROM sessions WHERE number = event_log.session) ELSE stream_id END AS "stream_id", seq, type, lease_effect, (SELECT id FROM sessions WHERE number = event_log.session) AS "session_id", (SELECT id FROM tasks WHERE number = event_log.task) AS "task_id", agent, instance, fence, nullif(substr(lower(hex(command_id)), 1, 8) || '-' || substr(lower(hex(command_id)), 9, 4) || '-' || substr(lower(hex(command_id)), 13, 4) || '-' || substr(lower(hex(command_id)), 17, 4) || '-' || substr(lower(hex(command_id)), 21, 12), '----') AS "command_id", payload, at, coalesce(CASE WHEN event_log.seq = 1 THEN '0000000000000000000000000000000000000000000000000000000000000000' WHEN event_log.stream_kind = 'session'
  THEN (SELECT nullif(lower(hex(p.hash)), '') FROM event_log p INDEXED BY event_log_seq WHERE p.stream_kind = 'session' AND p.namespace = event_log.namespace AND p.session = event_log.session AND p.seq = event_log.seq - 1)
  ELSE (SELECT nullif(lower(hex(p.hash)), '') FROM event_log p INDEXED BY event_log_stream WHERE p.stream_id IS NOT NULL AND p.stream_kind = event_log.stream_kind AND p.namespace = event_log.namespace
      AND p.stream_id = event_log.stream_id AND p.seq = event_log.seq - 1) END, '0000000000000000000000000000000000000000000000000000000000000000') AS "prev_hash", nullif(lower(hex(hash)), '') AS "hash" FROM event_log;
