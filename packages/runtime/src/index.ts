/** Opens an orchestrator from a URL and the environment. Start at `openOrchestrator`. */
export { backupStore, type BackupReport, type BackupStoreOptions } from './stores/backup.ts';
export { checkStore, type StoreCheck } from './stores/check.ts';
export {
  askWhy,
  type LeaseProcesses,
  type SeenProcesses,
  type WhyAnswer,
  type WhyQuestion,
  type WhySubject,
} from './insight/why.ts';
export { checkJournals, type AcknowledgedCall, type JournalCheck } from './insight/check-journals.ts';
export {
  LABEL_VALUES_MAX,
  METRICS,
  type HistogramName,
  type MetricName,
  type MetricType,
} from './insight/metrics/catalogue.ts';
export { CommandMetrics } from './insight/metrics/command-metrics.ts';
export { familiesOf, type Family, type HistogramValue, type Labels, type Sample } from './insight/metrics/families.ts';
export { FIGURES_MEAN, figuresOf, type Figure } from './insight/metrics/figures.ts';
export { PROMETHEUS_CONTENT_TYPE, prometheusText } from './insight/metrics/prometheus.ts';
export {
  HEALTH_WINDOW_MS,
  readHealth,
  type Health,
  type HealthQuestion,
  type HealthStatus,
} from './insight/metrics/read-health.ts';
export { readMetrics, readTotals, type Metrics, type MetricsQuestion } from './insight/metrics/read-metrics.ts';
export { readRefusals, type RefusalCount } from './insight/metrics/refusal-files.ts';
export { Tally, type Distribution } from './insight/metrics/tally.ts';
export { isEndedByAnother } from './insight/ended-by-another.ts';
export { lastEventBefore } from './insight/event-before.ts';
export { isSameLog, logPages, type LastRead } from './insight/log-pages.ts';
export { TotalsFile } from './insight/metrics/totals-file.ts';
export { THRESHOLD_NAMES, THRESHOLDS, type ThresholdName } from './settings/threshold-names.ts';
export { thresholdValues, type Thresholds } from './settings/thresholds.ts';
export { keepLastLook, readLastLook, type LastLook, type LookedAt } from './insight/since/last-look.ts';
export {
  keysIn,
  readSince,
  SINCE_COUNT_MAX,
  SINCE_GROUPS,
  type QuestionInBrief,
  type Since,
  type SinceGroup,
  type SinceGroupName,
  type SinceQuestion,
  type SinceRow,
  type WaitingTaskInBrief,
} from './insight/since/read-since.ts';
export { readResume, type ResumeAnswer, type ResumeQuestion } from './insight/resume/read-resume.ts';
export { GRAPH_TASKS_MAX, readTaskGraph, type GraphTask, type TaskGraph } from './insight/task-graph.ts';
export { Names, type Mentioned } from './insight/names.ts';
export { RESUME_BUDGET } from './insight/resume/card-fit.ts';
export { resumeCard, type CardFacts } from './insight/resume/resume-card.ts';
export { TOOL_WORDS, type StepWords } from './insight/resume/step-words.ts';
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
} from './insight/resume/resume-facts.ts';
export { artifactPlace, shownContext, shownPayload, shownResult } from './text/artifact-place.ts';
export { lateVerdict } from './text/late-verdict.ts';
export { quoted, quotedJson } from './text/quoted.ts';
export { registerKey } from './work/register-key.ts';
export { newCommandId } from './system/command-id.ts';
export { newSeed } from './system/seed.ts';
export { keyFileHere, keyPath, makeKey, openKey, type KeyFile, type MadeKey, type Signer } from './system/key-files.ts';
export { makeBundle, type BundleOptions, type SupportBundle } from './insight/doctor/bundle.ts';
export { examineStore, type Examination, type ExamineOptions } from './insight/doctor/examine-store.ts';
export type { Check, Finding, Subject } from './insight/doctor/finding.ts';
export { needsAttention } from './insight/doctor/finding.ts';
export { lastHeld, rememberHeld, type AgentPlace } from './work/last-held.ts';
export { keepLease, type Checkpoint, type LeaseKeeper } from './work/lease-keeper.ts';
export type { KeepLeaseOptions } from './work/keep-lease-options.ts';
export type { LeaseNews, LeaseTrust } from './work/lease-news.ts';
export { mayHaveRun, resend, type ResendOptions } from './work/resend.ts';
export { Changes } from './insight/changes.ts';
export type { HandOff, HandOffs, OpenHandOff } from './insight/hand-offs.ts';
export { everyRow, type ListStart } from './insight/every-row.ts';
export { EventFeed } from './insight/feed.ts';
export { type BlockedTask } from './insight/blocked.ts';
export {
  emptyStatus,
  readStatus,
  type OldestClaimable,
  type Status,
  type StatusAsOf,
  type Working,
} from './insight/status.ts';
export { configPath } from './settings/config-file.ts';
export { tellOnce } from './settings/told-once.ts';
export type { Environment } from './system/environment.ts';
export { startProgram } from './system/start-program.ts';
export { stateFolder } from './system/state-folder.ts';
export { resolveSettings, type Arguments, type Settings } from './resolve-settings.ts';
export type { Setting } from './settings/setting.ts';
export {
  importLegacy,
  type ImportLegacyOptions,
  type LegacyImport,
  type LegacyReport,
} from './stores/import-legacy.ts';
export { type Compared, type CopyProgress } from './stores/copy-rows.ts';
export { abandonMove, moveStore, type AbandonReport, type MoveReport, type MoveStoreOptions } from './stores/move.ts';
export { restoreStore, type RestoreReport, type RestoreStoreOptions } from './stores/restore.ts';
export { openOrchestrator, type OpenOrchestratorOptions } from './open-orchestrator.ts';
export { locateStore, type LocatedStore, type LocateOptions } from './stores/locate-store.ts';
export { storeForOthers, type StoreForOthers } from './stores/hand-over.ts';
export { openStorage } from './stores/open-storage.ts';
export { registerStorage, urlOfFile } from './stores/registry.ts';
export { stopOnSignals } from './work/stop-on-signals.ts';
export { rolesOf } from './stores/roles.ts';
export { leaseEnvironment, type LeasePlace } from './processes/lease-environment.ts';
export type { OnLost, RunNews, RunOptions } from './run/run-options.ts';
export type { RunReason, RunResult } from './run/run-result.ts';
export { artifactAt, type MissingArtifact } from './run/artifacts.ts';
export { runUnderLease } from './run/run-under-lease.ts';
export { elapsedMs, systemTime, type Instant, type Time } from './system/time.ts';
export type { StartedCommand, StartInWork } from './work/lease-commands.ts';
export { TaskFailed, TaskWaiting, WorkAborted, type AbortReason, type Handler, type Work } from './work/handler.ts';
export { JournaledCalls, type WorkCalls } from './work/journaled-calls.ts';
export { JournalWriter, type JournalOptions } from './work/journal-writer.ts';
export { createWorker, type Worker } from './work/worker.ts';
export type { HandlersByKind, WorkerEvent, WorkerOptions } from './work/worker-options.ts';
export type { StopOptions } from './work/worker-shutdown.ts';
export { claimWithProbe } from './processes/claim-with-probe.ts';
export { findDeadHolders, livenessOf } from './processes/dead-holders.ts';
export {
  callerIdentity,
  isHeldByCaller,
  type AskedBy,
  type CallerIdentity,
  type CallerOfHost,
  type CallerOfRun,
  type CallerOfShell,
  type HeldBy,
} from './processes/caller-identity.ts';
export { findLeaseProcesses, type CarriedLease, type LeaseProcess } from './processes/lease-processes.ts';
export { AGENT_HOSTS, hostsThatMarked, type AgentHostName, type MarkedBy } from './processes/agent-hosts.ts';
export { conversationsIn, endConversation, type HostConversation } from './processes/conversations.ts';
export type { Ancestor } from './processes/ancestors.ts';
export type { HostFacts, HostProcess } from './processes/host-facts.ts';
export { fencesOf, isHostAlive, type RegisteredHost } from './processes/host-registry.ts';
export { readPrivateFile, replacePrivateFile } from './system/private-json.ts';
export { isBeingJudged, isKept } from './processes/kept-host.ts';
export { keepFresh, speaksForLiving } from './processes/speaks-for-living.ts';
export { registerHost, type HostToRegister } from './processes/register-host.ts';
export { giveBack, isGivenBackNote, type GivenBackWhy } from './hosts/given-back.ts';
export { Holdings, type HeldLease, type HoldingsOwner, type LeaseEnd, type LeaseFate } from './hosts/holdings.ts';
export { forgetLease, leasesLeft, leaveLease, type LeftBehind, type TerminalLease } from './hosts/terminal-leases.ts';
export { noteServer } from './hosts/host-offspring.ts';
export { PARK_AFTER_MS } from './settings/park-after.ts';
export { KEEPER_BOUNDS, parkAfterMs, type KeeperBounds } from './hosts/keeper-rules.ts';
export { isObserved, noteProgress, toolBegan, toolEnded, turnEnded, type ProgressSigns } from './hosts/progress.ts';
export { readStillRunning, type StillRunning } from './hosts/still-running.ts';
export { lastEntries } from './hosts/transcript.ts';
export { startKeeper, type KeeperTask } from './hosts/start-keeper.ts';
export { StoreAccess } from './store-access.ts';
export { agentOfHost } from './system/default-agent.ts';
export { becomeInit } from './processes/init.ts';
export { ownProcess } from './processes/own-process.ts';
export { renewedBy } from './processes/renewed-by.ts';
// What a program needs beside an open orchestrator, so that it can do with this package alone.
export {
  AGENT_POLICIES,
  AGENT_STATUS_NAMES,
  AgentReplay,
  assertOpenForWork,
  approvalText,
  bytesToSign,
  keyFingerprint,
  CHAIN_START,
  checkCall,
  checkNewTasks,
  counted,
  DEAD_LETTER_STATUSES,
  DEFAULTS,
  DEPENDENCY_POLICIES,
  ERRORS,
  EVENT_DOCS,
  evolve,
  fenceOf,
  fields,
  isAsking,
  isEnded,
  isoSeconds,
  isStale,
  isVerdict,
  LIMITS,
  NO_TOKEN,
  Orchestrator,
  OrchestratorError,
  OTHER_AGENTS,
  RELEASE_OUTCOMES,
  SESSION_STATUSES,
  SESSION_STATUS_NAMES,
  TASK_STATUSES,
  TASK_STATUS_NAMES,
  TASK_TRANSITIONS,
  TASK_TEXT_NAMES,
  TASK_TEXTS,
  type OpenStorageOptions,
  type PlaceCheck,
  type PlaceFinding,
  type PlaceReport,
  type Severity,
  type StorageProvider,
  type StorePlace,
  type StoreLocation,
  type StoreMode,
  type StoreRoles,
  addresseeName,
  artifactsOf,
  labelOf,
  linkMistake,
  nameOf,
  numberOf,
  referenceTo,
  Replay,
  silentFrom,
  statusAfter,
  toTaskRecord,
  shellArgument,
  shellQuoted,
  shellWord,
  waitsForTasks,
} from '@agent-orchestrator/core';
