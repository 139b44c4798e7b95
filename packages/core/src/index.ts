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
} from './task.ts';
export { CHAIN_START, hashEvent } from './chain.ts';
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
} from './clock.ts';
export { COLUMNS } from './columns.ts';
export type { Context } from './context.ts';
export { checkProgress } from './decide/index.ts';
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
} from './decide/index.ts';
export { ERRORS, OrchestratorError, type ErrorCode } from './errors.ts';
export {
  EVENT_DOCS,
  LEASE_ENDINGS,
  type Event,
  type EventPayloads,
  type EventType,
  type LeaseMark,
  type NewEvent,
  type ReleaseOutcome,
} from './events.ts';
/** The kinds of input field, each with its alphabet and limit: for whoever takes input that ends up in a command. */
export * as fields from './fields.ts';
export type { Json, JsonText } from './json.ts';
export type { AnyKinds, KindSchemas, ResultInput } from './kinds.ts';
export { isHeld, isStale, type Lease, type ProcessIdentity } from './lease.ts';
export { LegacyImport, type LegacyCame, type LegacyReport } from './legacy/legacy-import.ts';
export type { LegacyChange } from './legacy/notes.ts';
export type { LegacyRecord, LegacyRow, LegacyValue } from './legacy/old-row.ts';
export { legacyPhaseOf } from './legacy/old-task.ts';
export type { LegacyBatch, LegacySession, LegacyTask } from './legacy/session-import.ts';
export { isEnded, SESSION_TRANSITIONS, TASK_TRANSITIONS, type CommandName } from './lifecycle.ts';
export { DEFAULTS, LIMITS } from './limits.ts';
export {
  Orchestrator,
  type Claimed,
  type Enqueued,
  type EnqueueTask,
  type OrchestratorOptions,
  type Released,
  type ReleaseTask,
  type Retried,
  type Telemetry,
} from './orchestrator.ts';
export type { Outlook, OutlookScope } from './outlook.ts';
export { closeRestoredLeases } from './close-restored-leases.ts';
export { namedByReceipt, type Receipt } from './receipt.ts';
export type { ClaimRecord, EventRecord, SessionRecord, TaskError, TaskRecord } from './records.ts';
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
} from './row-store.ts';
export {
  FIXED_SESSION_FIELDS,
  hasQueue,
  NO_LEASE,
  UNLOGGED_SESSION_FIELDS,
  type Session,
  type SessionStatus,
} from './session.ts';
export type * from './storage.ts';
export type { Condition, ConditionName } from './why/conditions.ts';
export type {
  HolderInBrief,
  LeaseInBrief,
  TaskInBrief,
  WhyAgent,
  WhyClaimant,
  WhySession,
  WhyTask,
} from './why/why.ts';
export { OrchestratorReads } from './reads.ts';
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
} from './store-mark.ts';
export { verifyLog, type Finding, type FindingKind, type Verification } from './verify.ts';
