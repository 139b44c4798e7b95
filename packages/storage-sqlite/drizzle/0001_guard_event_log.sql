CREATE TRIGGER `event_log_no_update` BEFORE UPDATE ON `event_log`
BEGIN SELECT RAISE(ABORT, 'event_log is append-only'); END;
--> statement-breakpoint
CREATE TRIGGER `event_log_no_delete` BEFORE DELETE ON `event_log`
BEGIN SELECT RAISE(ABORT, 'event_log is append-only'); END;
--> statement-breakpoint
-- INSERT OR REPLACE fires delete triggers only under recursive_triggers, which another program may leave off: so each unique
-- key of the table is looked up before the row goes in.
CREATE TRIGGER `event_log_no_replace` BEFORE INSERT ON `event_log`
WHEN EXISTS (SELECT 1 FROM `event_log` WHERE `id` = NEW.`id`)
  OR (NEW.`stream_kind` = 'session' AND EXISTS (SELECT 1 FROM `event_log` WHERE `stream_kind` = 'session' AND `namespace` = NEW.`namespace` AND `session` = NEW.`session` AND `seq` = NEW.`seq`))
  OR (NEW.`stream_id` IS NOT NULL AND EXISTS (SELECT 1 FROM `event_log` WHERE `stream_id` IS NOT NULL AND `stream_kind` = NEW.`stream_kind` AND `namespace` = NEW.`namespace` AND `stream_id` = NEW.`stream_id` AND `seq` = NEW.`seq`))
  OR (NEW.`lease_effect` IS NOT NULL AND EXISTS (SELECT 1 FROM `event_log` WHERE `fence` = NEW.`fence` AND `lease_effect` = NEW.`lease_effect` AND `lease_effect` IS NOT NULL))
BEGIN SELECT RAISE(ABORT, 'event_log is append-only'); END;
--> statement-breakpoint
-- No agent reviews work that it held itself, whatever program writes the lease.
CREATE TRIGGER `sessions_own_work` AFTER UPDATE OF `task_id` ON `sessions`
WHEN NEW.`task_id` IS NOT NULL AND EXISTS (
  SELECT 1 FROM `tasks` t, json_each(t.`review_of`, '$.not_for') h
  WHERE t.`namespace` = NEW.`namespace` AND t.`id` = NEW.`task_id` AND h.`value` = NEW.`agent`)
BEGIN SELECT RAISE(ABORT, 'no agent reviews work that it held itself'); END;
--> statement-breakpoint
-- Each agent gives one verdict in a round, whatever program counts the approvals.
CREATE TRIGGER `tasks_one_verdict` AFTER UPDATE OF `review` ON `tasks`
WHEN NEW.`review` IS NOT NULL AND NEW.`review` IS NOT OLD.`review` AND (
  SELECT count(*) <> count(DISTINCT json_extract(a.`value`, '$.agent')) FROM json_each(NEW.`review`, '$.approved') a)
BEGIN SELECT RAISE(ABORT, 'each agent gives one verdict in a round of reviews'); END;
--> statement-breakpoint
-- What a review judges stays, and an agent that may not claim it, or has judged its round, never may again.
CREATE TRIGGER `tasks_excluded` AFTER UPDATE OF `review_of` ON `tasks`
WHEN NEW.`review_of` IS NOT OLD.`review_of` AND (
  json_remove(NEW.`review_of`, '$.not_for', '$.judged_by') IS NOT json_remove(OLD.`review_of`, '$.not_for', '$.judged_by')
  OR EXISTS (
    SELECT h.`value` FROM json_each(OLD.`review_of`, '$.not_for') h
    EXCEPT SELECT h.`value` FROM json_each(NEW.`review_of`, '$.not_for') h)
  OR EXISTS (
    SELECT h.`value` FROM json_each(OLD.`review_of`, '$.judged_by') h
    EXCEPT SELECT h.`value` FROM json_each(NEW.`review_of`, '$.judged_by') h))
BEGIN SELECT RAISE(ABORT, 'a review stays that of its round, and no agent reviews again what it may not review'); END;
