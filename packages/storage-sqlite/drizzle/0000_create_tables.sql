CREATE TABLE `event_log` (
	`id` integer PRIMARY KEY NOT NULL,
	`stream_kind` text NOT NULL,
	`namespace` text NOT NULL,
	`stream_id` text NOT NULL,
	`seq` integer NOT NULL,
	`type` text NOT NULL,
	`lease_effect` text,
	`session_id` text,
	`task_id` text,
	`agent` text,
	`instance` text,
	`fence` integer,
	`command_id` text,
	`payload` text NOT NULL,
	`at` integer NOT NULL,
	`prev_hash` text NOT NULL,
	`hash` text NOT NULL,
	FOREIGN KEY (`namespace`,`session_id`) REFERENCES `sessions`(`namespace`,`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "event_log_stream" CHECK(stream_kind IN ('session', 'agent')),
	CONSTRAINT "event_log_session_stream" CHECK(stream_kind <> 'session' OR (session_id IS NOT NULL AND session_id = stream_id)),
	CONSTRAINT "event_log_lease_effect" CHECK(lease_effect IN ('granted', 'ended', 'refused') AND (lease_effect IS NULL OR fence IS NOT NULL)),
	CONSTRAINT "event_log_numbers" CHECK(seq BETWEEN 0 AND 9007199254740991 AND seq > 0 AND fence BETWEEN 0 AND 9007199254740991 AND at BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "event_log_payload" CHECK(json_valid(payload)),
	CONSTRAINT "event_log_hashes" CHECK(length(prev_hash) = 64 AND length(hash) = 64)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `event_log_seq` ON `event_log` (`stream_kind`,`namespace`,`stream_id`,`seq`);--> statement-breakpoint
CREATE UNIQUE INDEX `event_log_lease` ON `event_log` (`fence`,`lease_effect`) WHERE lease_effect IS NOT NULL;--> statement-breakpoint
CREATE INDEX `event_log_grant` ON `event_log` (`namespace`,`session_id`,`fence`) WHERE lease_effect = 'granted';--> statement-breakpoint
CREATE INDEX `event_log_task` ON `event_log` (`namespace`,`task_id`,`id`) WHERE task_id IS NOT NULL;--> statement-breakpoint
CREATE TABLE `meta` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL,
	CONSTRAINT "meta_value" CHECK(json_valid(value))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `receipts` (
	`namespace` text NOT NULL,
	`command_id` text NOT NULL,
	`request_hash` text NOT NULL,
	`reply` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`namespace`, `command_id`),
	CONSTRAINT "receipts_reply" CHECK(json_valid(reply)),
	CONSTRAINT "receipts_at" CHECK(at BETWEEN 0 AND 9007199254740991)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `receipts_over` ON `receipts` (`at`);--> statement-breakpoint
CREATE TABLE `sessions` (
	`namespace` text NOT NULL,
	`id` text NOT NULL,
	`number` integer NOT NULL,
	`status` text NOT NULL,
	`agent` text,
	`instance` text,
	`host` text,
	`boot` text,
	`pid` integer,
	`process_start` text,
	`process_group` integer,
	`fence` integer,
	`token_hash` text,
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
	`hash` text NOT NULL,
	`next_task_id` text,
	`next_priority` integer,
	`next_queued_at` integer,
	`next_kind` text,
	`next_for` text,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`namespace`, `id`),
	CONSTRAINT "sessions_status" CHECK(status IN ('idle', 'running', 'closed')),
	CONSTRAINT "sessions_number" CHECK(number BETWEEN 1 AND 9007199254740991),
	CONSTRAINT "sessions_lease" CHECK(CASE WHEN status = 'running' THEN agent IS NOT NULL AND fence IS NOT NULL AND token_hash IS NOT NULL AND ttl_ms IS NOT NULL AND stale_after_ms IS NOT NULL AND lease_expires_at IS NOT NULL AND heartbeat_at IS NOT NULL AND stale_at IS NOT NULL AND task_id IS NOT NULL ELSE coalesce(agent, instance, host, boot, pid, process_start, process_group, fence, token_hash, ttl_ms, stale_after_ms, lease_expires_at, heartbeat_at, stale_at, progress, task_id) IS NULL END),
	CONSTRAINT "sessions_next" CHECK(CASE WHEN next_task_id IS NULL THEN coalesce(next_task_id, next_priority, next_queued_at, next_kind, next_for) IS NULL ELSE next_task_id IS NOT NULL AND next_priority IS NOT NULL AND next_queued_at IS NOT NULL AND next_kind IS NOT NULL AND next_for IS NOT NULL END),
	CONSTRAINT "sessions_fence" CHECK(fence BETWEEN 0 AND 9007199254740991 AND length(token_hash) = 64),
	CONSTRAINT "sessions_process_group" CHECK(process_group BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "sessions_lease_times" CHECK(lease_expires_at BETWEEN 0 AND 9007199254740991 AND heartbeat_at BETWEEN 0 AND 9007199254740991 AND stale_at BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "sessions_times" CHECK(created_at BETWEEN 0 AND 9007199254740991 AND updated_at BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "sessions_counters" CHECK(tasks_open BETWEEN 0 AND 9007199254740991 AND seq BETWEEN 0 AND 9007199254740991 AND version BETWEEN 0 AND 9007199254740991 AND renewals BETWEEN 0 AND 9007199254740991 AND near_misses BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "sessions_context" CHECK(json_valid(context))
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `sessions_by_number` ON `sessions` (`number`);--> statement-breakpoint
CREATE INDEX `sessions_ready` ON `sessions` (`namespace`,`next_for`,`next_priority`,`next_queued_at`,`next_task_id`) WHERE status = 'idle' AND next_task_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `sessions_ready_of_kind` ON `sessions` (`namespace`,`next_for`,`next_kind`,`next_priority`,`next_queued_at`,`next_task_id`) WHERE status = 'idle' AND next_task_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `sessions_stale` ON `sessions` (`namespace`,`stale_at`,`id`) WHERE status = 'running';--> statement-breakpoint
CREATE INDEX `sessions_held` ON `sessions` (`namespace`,`agent`,`id`) WHERE status = 'running';--> statement-breakpoint
CREATE INDEX `sessions_closed` ON `sessions` (`namespace`) WHERE status = 'closed';--> statement-breakpoint
CREATE INDEX `sessions_empty` ON `sessions` (`namespace`) WHERE status = 'idle' AND next_task_id IS NULL;--> statement-breakpoint
CREATE TABLE `tasks` (
	`namespace` text NOT NULL,
	`id` text NOT NULL,
	`number` integer NOT NULL,
	`session_id` text NOT NULL,
	`kind` text NOT NULL,
	`title` text NOT NULL,
	`payload` text NOT NULL,
	`priority` integer NOT NULL,
	`status` text NOT NULL,
	`dedupe_key` text,
	`run_at` integer,
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
	`result` text,
	`error` text,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`finished_at` integer,
	`version` integer NOT NULL,
	PRIMARY KEY(`namespace`, `id`),
	FOREIGN KEY (`namespace`,`session_id`) REFERENCES `sessions`(`namespace`,`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "tasks_status" CHECK(status IN ('scheduled', 'queued', 'running', 'succeeded', 'failed', 'cancelled')),
	CONSTRAINT "tasks_number" CHECK(number BETWEEN 1 AND 9007199254740991),
	CONSTRAINT "tasks_scheduled" CHECK(status <> 'scheduled' OR run_at IS NOT NULL),
	CONSTRAINT "tasks_addressee" CHECK(assignee IS NULL OR role IS NULL),
	CONSTRAINT "tasks_priority" CHECK(priority BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "tasks_counters" CHECK(attempt BETWEEN 0 AND 9007199254740991 AND interruptions BETWEEN 0 AND 9007199254740991 AND version BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "tasks_limits" CHECK(attempts_max BETWEEN 0 AND 9007199254740991 AND interruptions_max BETWEEN 0 AND 9007199254740991 AND backoff_ms BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "tasks_queue_times" CHECK(queued_at BETWEEN 0 AND 9007199254740991 AND run_at BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "tasks_times" CHECK(created_at BETWEEN 0 AND 9007199254740991 AND started_at BETWEEN 0 AND 9007199254740991 AND finished_at BETWEEN 0 AND 9007199254740991 AND cancel_requested_at BETWEEN 0 AND 9007199254740991),
	CONSTRAINT "tasks_payload" CHECK(json_valid(payload)),
	CONSTRAINT "tasks_result" CHECK(json_valid(result) AND json_valid(error))
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `tasks_by_number` ON `tasks` (`number`);--> statement-breakpoint
CREATE UNIQUE INDEX `tasks_dedupe_key` ON `tasks` (`namespace`,`dedupe_key`) WHERE dedupe_key IS NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `tasks_running` ON `tasks` (`namespace`,`session_id`) WHERE status = 'running';--> statement-breakpoint
CREATE INDEX `tasks_of_session` ON `tasks` (`namespace`,`session_id`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_queued` ON `tasks` (`namespace`,`session_id`,`priority`,`queued_at`,`id`) WHERE status = 'queued';--> statement-breakpoint
CREATE INDEX `tasks_due` ON `tasks` (`namespace`,`run_at`) WHERE status = 'scheduled';--> statement-breakpoint
CREATE INDEX `tasks_due_in_session` ON `tasks` (`namespace`,`session_id`,`run_at`) WHERE status = 'scheduled';--> statement-breakpoint
CREATE INDEX `tasks_waiting` ON `tasks` (`namespace`,`session_id`,`id`) WHERE status IN ('scheduled', 'queued');--> statement-breakpoint
CREATE INDEX `tasks_ended` ON `tasks` (`namespace`,`status`,`id`) WHERE status IN ('succeeded', 'failed', 'cancelled');