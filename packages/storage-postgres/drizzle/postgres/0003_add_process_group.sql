ALTER TABLE "orchestrator"."sessions" ADD COLUMN "process_group" integer CHECK ("process_group" IS NULL OR ("process_group" >= 0 AND "status" = 'running'));
