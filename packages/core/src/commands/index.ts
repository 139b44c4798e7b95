export { cancel, cancelInput, type CancelReply } from './cancel.ts';
export { checkpoint, checkpointInput, type CheckpointReply } from './checkpoint.ts';
export { claim, claimInput, type ClaimRefusal, type ClaimReply } from './claim.ts';
export { clockJump } from './clock-jump.ts';
export { close, closeInput, type CloseReply } from './close.ts';
export { enqueue, enqueueInput, newTaskInput, type EnqueueInput } from './enqueue.ts';
export { type Claim, type Takeover } from './grant.ts';
export { checkProgress, heartbeat, heartbeatInput, type HeartbeatReply } from './heartbeat.ts';
export { type LeaseRefusal } from './holder.ts';
export { type Evidence } from './evidence.ts';
export { recover, recoverInput, type Recovered, type RecoverReply } from './recover.ts';
export {
  release,
  releaseInput,
  releaseItem,
  type ReleasedItem,
  type ReleaseInput,
  type ReleaseReply,
} from './release.ts';
export { restore, type RestoreReply } from './restore.ts';
export { retry, retryInput, type RetryReply } from './retry.ts';
