-- Rows of these two change several times in their lives: room on the page for the next version, and a vacuum that comes
-- early, so that the index entries of heads that are gone do not pile up where a claim looks first.
ALTER TABLE "orchestrator"."sessions" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
--> statement-breakpoint
ALTER TABLE "orchestrator"."tasks" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
--> statement-breakpoint
ALTER TABLE "orchestrator"."receipts" SET (autovacuum_vacuum_scale_factor = 0.05);
--> statement-breakpoint
-- Every unit of work reads the clocks' state, and few write it: the row is there from the start, so no two have to add it.
INSERT INTO "orchestrator"."meta" ("key", "value") VALUES ('clock', '{"last":null,"jump":null}');
