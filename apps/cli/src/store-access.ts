/**
 * What the commands of a lease's holder need of the runtime. An agent calls them many times in its work, so they must
 * start fast: the bundle has all of it in one file. Only `resume` loads more, when it reads lists from the store.
 */
export {
  callerIdentity,
  checkCall,
  claimWithProbe,
  DEFAULTS,
  forgetLease,
  leasesLeft,
  leaseEnvironment,
  leaveLease,
  locateStore,
  storeForOthers,
  Names,
  openOrchestrator,
  readResume,
  renewedBy,
  RESUME_BUDGET,
  resolveSettings,
  resumeCard,
  systemTime,
  tellOnce,
} from '@agent-orchestrator/runtime';
