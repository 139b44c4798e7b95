/** Opens an orchestrator from a URL and the environment. Start at `openOrchestrator`. */
export { backupStore, type BackupReport, type BackupStoreOptions } from './backup-store.ts';
export { checkStore, type StoreCheck } from './check-store.ts';
export {
  askWhy,
  type LeaseProcesses,
  type SeenProcesses,
  type WhyAnswer,
  type WhyQuestion,
  type WhySubject,
} from './continuity/ask-why.ts';
export { keepLastLook, readLastLook, type LastLook, type LookedAt } from './continuity/last-look.ts';
export {
  readSince,
  SINCE_COUNT_MAX,
  SINCE_GROUPS,
  type Since,
  type SinceGroup,
  type SinceGroupName,
  type SinceQuestion,
  type SinceRow,
  type WaitingTaskInBrief,
} from './continuity/read-since.ts';
export { readResume, type ResumeAnswer, type ResumeQuestion } from './continuity/read-resume.ts';
export { RESUME_BUDGET, resumeCard } from './continuity/resume-card.ts';
export type {
  AlsoHeld,
  EventInBrief,
  ResumeFacts,
  SessionFacts,
  SinceThen,
  TaskFacts,
  Tenure,
  WaitingFor,
  WaitingTask,
} from './continuity/resume-facts.ts';
export { newCommandId } from './command-id.ts';
export { makeBundle, type BundleOptions, type SupportBundle } from './doctor/bundle.ts';
export { examineStore, type Examination, type ExamineOptions } from './doctor/examine-store.ts';
export type { Check, Finding, FixName, Severity, Subject } from './doctor/finding.ts';
export { needsAttention } from './doctor/finding.ts';
export {
  keepLease,
  type Checkpoint,
  type KeepLeaseOptions,
  type LeaseKeeper,
  type LeaseNews,
  type LeaseTrust,
} from './lease-keeper.ts';
export { configPath } from './config-file.ts';
export type { Environment } from './environment.ts';
export { resolveSettings, type Arguments, type Setting, type Settings } from './settings.ts';
export { importLegacy, type LegacyImportResult } from './import-legacy.ts';
export { type Compared, type CopyProgress } from './copy-rows.ts';
export { abandonMove, moveStore, type AbandonReport, type MoveReport, type MoveStoreOptions } from './move-store.ts';
export { restoreStore, type RestoreReport, type RestoreStoreOptions } from './restore-store.ts';
export { openOrchestrator, type OpenOrchestratorOptions } from './open-orchestrator.ts';
export { openStorage, type OpenStorageOptions, type StoreMode } from './open-storage.ts';
export { stopOnSignals } from './stop-on-signals.ts';
export { rolesOf, type StoreRoles } from './store-roles.ts';
export { fileStoreUrl, parseStoreUrl, type StoreUrl } from './store-url.ts';
export {
  runUnderLease,
  type OnLost,
  type RunNews,
  type RunOptions,
  type RunReason,
  type RunResult,
} from './run/run-under-lease.ts';
export { elapsedMs, systemTime, type Instant, type Time } from './time.ts';
export { TaskFailed, WorkAborted, type AbortReason, type Handler, type Work } from './work.ts';
export {
  createWorker,
  type HandlersByKind,
  type StopOptions,
  type Worker,
  type WorkerEvent,
  type WorkerOptions,
} from './worker.ts';
export { claimWithProbe } from './processes/claim-with-probe.ts';
export { findDeadHolders, livenessOf } from './processes/dead-holders.ts';
export { findLeaseProcesses, type CarriedLease, type LeaseProcess } from './processes/lease-processes.ts';
export { ownProcess } from './processes/own-process.ts';
// What a program needs beside an open orchestrator, so that it can do with this package alone.
export {
  assertOpenForWork,
  DEFAULTS,
  ERRORS,
  EVENT_DOCS,
  isEnded,
  isStale,
  LIMITS,
  Orchestrator,
  OrchestratorError,
} from '@agent-orchestrator/core';
