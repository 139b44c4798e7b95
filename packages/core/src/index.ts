/**
 * The rules of the Agent Orchestrator, and the port that a storage implements. Start at `Orchestrator` and `Storage`.
 */

// The API for programs.
export type {
  Answered,
  Claimed,
  ClaimNext,
  EndedAgent,
  Enqueued,
  EnqueueTask,
  RegisteredAgent,
  Released,
  ReleasedBatch,
  ReleaseTask,
  Retried,
} from './api/calls.ts';
export { checkCall, checkNewTasks, type CallName } from './api/inputs.ts';
export type { AnyKinds, KindSchemas, ResultInput } from './api/kinds.ts';
export { Orchestrator, type OrchestratorOptions } from './api/orchestrator.ts';
export { OrchestratorReads } from './api/reads.ts';
export {
  toTaskRecord,
  type ClaimRecord,
  type EventRecord,
  type ReviewedRecord,
  type ReviewRecord,
  type ReviewedWork,
  type AgentRecord,
  type SeenAgentRecord,
  type SessionRecord,
  type TaskError,
  type TaskRecord,
} from './api/records.ts';
export type { ReviewCall, ReviewedNow } from './api/review-task.ts';
export type { RelatedResult, RelatedResults } from './api/related-results.ts';
export type { CommandEnd, ObservedCommand, Telemetry } from './api/telemetry.ts';
export { verifyLog, type Finding, type FindingKind, type Verification } from './api/verify.ts';

// The inputs and replies of the commands.
export { closeRestoredLeases } from './commands/close-restored-leases.ts';
export { checkProgress, silentFrom } from './commands/index.ts';
export type {
  AgentRefusal,
  CancelReply,
  CheckpointReply,
  ClaimRefusal,
  CloseReply,
  Evidence,
  HeartbeatReply,
  LeaseRefusal,
  Recovered,
  RecoverReply,
  ReleasedItem,
  RetryReply,
  SetAgentKeyReply,
  SetAgentPolicyReply,
  Takeover,
} from './commands/index.ts';
export type { Condition, ConditionName } from './explain/condition.ts';
export type { HolderInBrief, LeaseInBrief, TaskInBrief } from './explain/briefs.ts';
export type { WhyAgent, WhyClaimant, WhySession, WhyTask } from './explain/why.ts';

// The model.
export {
  AGENT_POLICIES,
  AGENT_STATUS_NAMES,
  FIXED_AGENT_FIELDS,
  OTHER_AGENTS,
  policyOf,
  rolesOf,
  type Agent,
  type AgentPolicy,
  type AgentStatus,
} from './model/agent.ts';
export { artifactsOf, type Artifact } from './model/artifact.ts';
export { authorityTime, watchClock } from './model/clock-authority.ts';
export {
  clockState,
  decodeClockState,
  fencesBeyond,
  fencesTakenAt,
  NO_CLOCK,
  type Clock,
  type ClockJump,
  type ClockReading,
  type ClockState,
  type FenceState,
  type OtherClock,
  type SeenJump,
} from './model/clock.ts';
export {
  DEPENDENCY_POLICIES,
  isFulfilledBy,
  waitsForTasks,
  type Dependency,
  type DependencyEnd,
  type OnDependencyFailure,
} from './model/dependency.ts';
export { isDelayedTooLong } from './model/delay.ts';
export {
  addresseeName,
  compareReturns,
  isHandedOff,
  isReturnDue,
  isReturning,
  isWithReceiver,
  NO_HAND_OFF,
  returnsTooLate,
} from './model/hand-off.ts';
export type { Context, StoredContext } from './model/context.ts';
export { cursorAhead, ERRORS, OrchestratorError, type ErrorCode } from './model/errors.ts';
/** The kinds of input field, each with its alphabet and limit, for programs that pass input to commands. */
export * as fields from './model/fields.ts';
export { timeOfUuid } from './model/ids.ts';
export type { Json, JsonText } from './model/json.ts';
export { isHeld, isStale, nextFence, type Lease, type ProcessIdentity, type PublicLease } from './model/lease.ts';
export { DEFAULTS, LIMITS } from './model/limits.ts';
export { isoSeconds } from './model/moment.ts';
export { labelOf, nameOf, numberOf, referenceTo, type Numbered, type NumberedKind } from './model/names.ts';
export { shellArgument, shellQuoted, shellWord } from './model/shell-word.ts';
export { counted, lasting, sized } from './model/quantities.ts';
export { namedByReceipt, type Receipt } from './model/receipt.ts';
export { FIXED_SESSION_FIELDS, hasQueue, NO_LEASE, UNLOGGED_SESSION_FIELDS, type Session } from './model/session.ts';
export {
  DEAD_LETTER_STATUSES,
  ENDED_STATUS_NAMES,
  isEnded,
  isPending,
  noSessions,
  noTasks,
  SESSION_STATUSES,
  SESSION_STATUS_NAMES,
  TASK_STATUSES,
  TASK_STATUS_NAMES,
  PENDING_STATUSES,
  type EndedStatus,
  type SessionStatus,
  type TaskStatus,
} from './model/statuses.ts';
export {
  isBarred,
  isCounted,
  isVerdict,
  NO_REVIEW,
  REVIEW_KIND,
  reviewOf,
  reviewOn,
  type Review,
  type ReviewOf,
  type ReviewTerms,
  type Verdict,
} from './model/review.ts';
export {
  addresseeOf,
  addresseesOf,
  askedAddressee,
  compareInQueue,
  holdsDedupeKey,
  MOVING_TASK_FIELDS,
  nextHeadOf,
  type NextHead,
  type QueueHead,
  type Task,
} from './model/task.ts';
export { isAsking, NO_QUESTION, type Question } from './model/question.ts';
export { NO_TASK_TEXTS, TASK_TEXT_NAMES, TASK_TEXTS, textsForEvent, type TaskTextName } from './model/task-texts.ts';
export { compareCodePoints, isStorableText } from './model/text.ts';
export { fenceOf, NO_TOKEN, tokenFor } from './model/token.ts';

// The log.
export { canonicalize } from './log/canonical.ts';
export { CHAIN_START, chained, chainedToAgent, hashEvent } from './log/chain.ts';
export { EVENT_DOCS } from './log/event-docs.ts';
export {
  AGENT_EVENTS,
  LEASE_END_EVENTS,
  RELEASE_OUTCOMES,
  type AgentEventDraft,
  type Event,
  type EventDraft,
  type EventPayloads,
  type EventType,
  type LeaseEffect,
  type NewEvent,
  type ReleaseOutcome,
  type StreamKind,
} from './log/events.ts';
export { evolve } from './log/evolve.ts';
export { evolveAgent } from './log/evolve-agent.ts';
export {
  AGENT_TRANSITIONS,
  SESSION_TRANSITIONS,
  statusAfter,
  TASK_TRANSITIONS,
  type CommandName,
} from './log/lifecycle.ts';

export { AgentReplay, linkMistake, Replay, type Mistake } from './log/replay.ts';

// The port.
export type { ClaimPreview, ClaimPreviewScope } from './storage/claim-preview.ts';
export { COLUMNS } from './storage/columns.ts';
export { COMPANIONS, isCompanionName, nameWithoutCompanion } from './storage/companion-name.ts';
export { END_FIELDS, GRANT_FIELDS, leaseCursor, leaseInterval, REFUSAL_FIELDS } from './storage/leases.ts';
export type { OldestClaimable } from './explain/oldest-claimable.ts';
export type { LeaseFilter, LeaseInterval, OldestHead, OldestHeads, OldestHeadsAsked } from './storage/leases.ts';
export type * from './storage/loaded.ts';
export {
  PLACE_CHECKS,
  placeFinding,
  type BackupFile,
  type PlaceCheck,
  type PlaceFinding,
  type FixResult,
  type PlaceReport,
  type Severity,
  type StorePlace,
  type StoreRoles,
} from './storage/place.ts';
export type * from './storage/provider.ts';
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
export type * from './storage/scope.ts';
export type * from './storage/storage.ts';
export type * from './storage/store-location.ts';
export {
  anotherProcessCopies,
  assertComplete,
  assertMayFollow,
  assertOpenForWork,
  assertSameState,
  decodeStoreState,
  encodeStoreState,
  isShut,
  type StoreState,
} from './storage/store-state.ts';
export { PUBLIC_KEY_CHARACTERS } from './model/public-key.ts';
export { bytesToSign } from './api/bytes-to-sign.ts';
export { keyFingerprint, resultDigest } from './log/verdict-signature.ts';
export { approvalText } from './model/review.ts';
export { dependencyKeyAfter, dependencyKeyCursor, type DependencyKey } from './storage/dependency-cursor.ts';
export { questionAfter, questionCursor } from './storage/question-cursor.ts';
export { RunningCalls } from './storage/running-calls.ts';
export type * from './storage/write-set.ts';
