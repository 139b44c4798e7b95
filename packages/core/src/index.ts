/** The rules of the Agent Orchestrator, and the port that a storage implements. Start at `Orchestrator` and `Storage`. */
export {
  addresseeOf,
  addresseesOf,
  compareInQueue,
  MOVING_TASK_FIELDS,
  nextHeadOf,
  type NextHead,
  type Task,
  type TaskStatus,
} from './model/task.ts';
export { CHAIN_START, hashEvent } from './log/chain.ts';
export {
  clockState,
  decodeClockState,
  NO_CLOCK,
  tokensBeyond,
  tokensTakenAt,
  type Clock,
  type ClockJump,
  type ClockReading,
  type ClockState,
  type TokenState,
} from './model/clock.ts';
export { COLUMNS } from './storage/columns.ts';
export type { Context } from './model/context.ts';
export { checkProgress } from './commands/index.ts';
export type {
  CancelReply,
  CheckpointReply,
  ClaimRefusal,
  CloseReply,
  Evidence,
  HeartbeatReply,
  LeaseLost,
  Recovered,
  RecoverReply,
  ReleaseReply,
  RetryReply,
  Takeover,
} from './commands/index.ts';
export { ERRORS, OrchestratorError, type ErrorCode } from './model/errors.ts';
export {
  EVENT_DOCS,
  LEASE_ENDINGS,
  type Event,
  type EventPayloads,
  type EventType,
  type LeaseMark,
  type NewEvent,
  type ReleaseOutcome,
} from './log/events.ts';
/** The kinds of input field, each with its alphabet and limit: for whoever takes input that ends up in a command. */
export * as fields from './model/fields.ts';
export type { Json, JsonText } from './model/json.ts';
export type { AnyKinds, KindSchemas, ResultInput } from './api/kinds.ts';
export { isHeld, isStale, type Lease, type ProcessIdentity } from './model/lease.ts';
export { LegacyImport, type LegacyCame, type LegacyReport } from './legacy/legacy-import.ts';
export type { LegacyChange } from './legacy/notes.ts';
export type { LegacyRecord, LegacyRow, LegacyValue } from './legacy/old-row.ts';
export { legacyPhaseOf } from './legacy/old-task.ts';
export { SessionImport, type LegacyBatch, type LegacySession, type LegacyTask } from './legacy/session-import.ts';
export { isEnded, SESSION_TRANSITIONS, TASK_TRANSITIONS, type CommandName } from './log/lifecycle.ts';
export { DEFAULTS, LIMITS } from './model/limits.ts';
export {
  Orchestrator,
  type Claimed,
  type Enqueued,
  type EnqueueTask,
  type OrchestratorOptions,
  type Released,
  type ReleaseTask,
  type Retried,
} from './api/orchestrator.ts';
export type { Outlook, OutlookScope } from './storage/claim-preview.ts';
export { closeRestoredLeases } from './commands/close-restored-leases.ts';
export { namedByReceipt, type Receipt } from './model/receipt.ts';
export type { Telemetry } from './api/telemetry.ts';
export type { ClaimRecord, EventRecord, SessionRecord, TaskError, TaskRecord } from './api/records.ts';
export {
  charactersOf,
  keyOfRow,
  PAGE_CHARACTERS,
  TABLE_KEYS,
  TABLE_NAMES,
  type Cell,
  type Row,
  type RowKey,
  type RowReader,
  type RowStore,
  type TableName,
} from './storage/row-store.ts';
export {
  FIXED_SESSION_FIELDS,
  hasQueue,
  NO_LEASE,
  UNLOGGED_SESSION_FIELDS,
  type Session,
  type SessionStatus,
} from './model/session.ts';
export type * from './storage/loaded.ts';
export type * from './storage/scope.ts';
export type * from './storage/storage.ts';
export type * from './storage/write-set.ts';
export type { Condition, ConditionName } from './explain/conditions.ts';
export type {
  HolderInBrief,
  LeaseInBrief,
  TaskInBrief,
  WhyAgent,
  WhyClaimant,
  WhySession,
  WhyTask,
} from './explain/why.ts';
export { OrchestratorReads } from './api/reads.ts';
export {
  assertComplete,
  assertOpenForWork,
  assertMayFollow,
  assertSameMark,
  decodeStoreMark,
  encodeStoreMark,
  isShut,
  somebodyElseCopies,
  type StoreMark,
} from './storage/store-state.ts';
export { verifyLog, type Finding, type FindingKind, type Verification } from './api/verify.ts';
