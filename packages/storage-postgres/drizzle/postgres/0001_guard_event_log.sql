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
