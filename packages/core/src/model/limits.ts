/**
 * Every limit of the product, with the unit last in the name. `orchestrator help limits` prints this table.
 * A call that exceeds a limit is refused with `LIMIT_EXCEEDED` or `INVALID_INPUT` and changes nothing.
 */
export const LIMITS = {
  /** Canonical JSON of a task's payload. */
  payload_bytes_max: 262_144,
  /** Canonical JSON of a task's result. */
  result_bytes_max: 262_144,
  /** Artifacts that one result names. */
  artifacts_max: 100,
  /** Canonical JSON of a session's context, as saved by `checkpoint`. */
  context_bytes_max: 262_144,
  /** Canonical JSON of the progress that a heartbeat carries. */
  progress_bytes_max: 4_096,
  /** Canonical JSON of the error that a failed attempt reports. */
  error_bytes_max: 16_384,
  /** Levels of arrays and objects in any JSON value. */
  json_depth_max: 64,
  /** Tasks in one `enqueueTasks`, leases in one `claimTasks` or `releaseTasks`, sessions in one recovery. */
  batch_max: 1_000,
  /** Rows in one page of a list. */
  page_max: 500,
  /** Ids of sessions, tasks and instances, dedupe keys; names of agents, roles, kinds and namespaces. */
  id_characters_max: 128,
  /** The same, in UTF-8. */
  id_bytes_max: 384,
  /** Titles. */
  title_characters_max: 500,
  /** Notes, questions and answers; authors, reviewers and sources; last and next action; memory references. */
  text_characters_max: 4_096,
  /** The greatest turn of a checkpoint. */
  turn_max: 1_000_000_000,
  /** Kinds or roles named in one claim. */
  filter_max: 32,
  /** Priorities run from 0, the most urgent, to this. */
  priority_max: 1_000,
  ttl_ms_min: 1_000,
  ttl_ms_max: 86_400_000,
  stale_after_ms_min: 1_000,
  stale_after_ms_max: 86_400_000,
  /** How far in the future a task may be scheduled: ten years. */
  delay_ms_max: 315_360_000_000,
  /** Tasks that one task depends on. */
  dependencies_max: 1_000,
  /** The same, of all tasks of one batch. */
  batch_dependencies_max: 10_000,
  /** Open dependencies, direct and indirect, of the tasks for which a holder waits. */
  awaited_dependencies_max: 10_000,
  /** Results of dependencies, and of sub-tasks, that come with a claim. */
  claimed_results_max: 100,
  /** Canonical JSON of all the results that come with a claim. */
  claimed_results_bytes_max: 262_144,
  attempts_max: 1_000,
  interruptions_max: 1_000,
  /** Reviews that have to approve one task. */
  approvals_max: 4,
  /** Rounds of review; a task whose last round asks for changes is a dead letter. */
  review_rounds_max: 8,
  /** The pause after the first failed attempt; it doubles with each further one. */
  backoff_ms_max: 3_600_000,
  /** How long a receipt is kept, from the later of its time and its id's time. */
  receipt_kept_ms: 691_200_000,
  /** A command id older than this is refused: its receipt may be gone. */
  command_id_age_ms_max: 604_800_000,
  /** A command id may be this far ahead of the authority's clock. */
  command_id_ahead_ms_max: 3_600_000,
  /** Expired receipts that one write deletes. */
  receipts_forgotten_max: 32,
  /** Tasks whose time has come, made claimable by one claim. */
  flipped_tasks_max: 32,
  /** Stale sessions that one claim without a session recovers. */
  stale_sessions_per_claim_max: 8,
  /**
   * Held sessions in one page of the pass after a clock jump; waiting tasks in one page of a close; tasks in one page
   * of those that go back to the agents that handed them off.
   */
  sweep_page_max: 200,
  /** Ends of dependencies that one unit of work applies. */
  settled_ends_max: 1_000,
} as const;

/** The values that are used where a call gives none. */
export const DEFAULTS = {
  namespace: 'default',
  kind: 'task',
  priority: 5,
  ttl_ms: 120_000,
  stale_after_ms: 60_000,
  attempts_max: 4,
  interruptions_max: 16,
  backoff_ms: 5_000,
  recover_batch: 100,
  page: 50,
} as const;
