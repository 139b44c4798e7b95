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
export { decodeClockState, type Clock, type ClockJump, type ClockReading, type ClockState } from './clock.ts';
export type { Context } from './context.ts';
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
export type { Json, JsonText } from './json.ts';
export type { AnyKinds, KindSchemas } from './kinds.ts';
export { isHeld, isStale, type Lease, type ProcessIdentity } from './lease.ts';
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
export { namedByReceipt, type Receipt } from './receipt.ts';
export type { ClaimRecord, EventRecord, SessionRecord, TaskError, TaskRecord } from './records.ts';
export {
  FIXED_SESSION_FIELDS,
  hasQueue,
  NO_LEASE,
  UNLOGGED_SESSION_FIELDS,
  type Session,
  type SessionStatus,
} from './session.ts';
export type * from './storage.ts';
export { verifyLog, type Finding, type FindingKind, type Verification } from './verify.ts';
