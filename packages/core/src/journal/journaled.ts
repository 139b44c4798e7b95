import type { ClaimNext, ReleasedBatch, ReleaseTask } from '../api/calls.ts';
import type { Orchestrator } from '../api/orchestrator.ts';
import type { ClaimRecord } from '../api/records.ts';
import type { PublicLease } from '../model/lease.ts';
import { fenceOf } from '../model/token.ts';

/*
 * The calls and answers in a journal: without their secrets. Where a call has a token, the journal has its fence; the
 * seed of a claim is left out.
 */

type Methods = Pick<
  Orchestrator,
  | 'enqueueTasks'
  | 'claimTasks'
  | 'heartbeat'
  | 'checkpoint'
  | 'releaseTasks'
  | 'staleRecovery'
  | 'cancelTask'
  | 'retryTask'
  | 'closeSession'
  | 'answerTask'
>;
type Request<Method extends keyof Methods> = NonNullable<Parameters<Methods[Method]>[0]>;
type Reply<Method extends keyof Methods> = Awaited<ReturnType<Methods[Method]>>;

/** A request that can be sent again. */
type Identified<R> = R & { readonly commandId: string };

/** A call of a holder, without its secret. */
type Fenced<R> = Omit<R, 'token'> & { readonly fence: number };

/** A claim, without its secret. */
export type JournaledClaim = Omit<ClaimRecord, 'lease'> & { readonly lease: PublicLease };

/** The calls in a journal, as it stores them. */
export interface Calls {
  enqueue: {
    request: Identified<{
      readonly namespace?: string | undefined;
      readonly tasks: Parameters<Orchestrator['enqueueTasks']>[0];
    }>;
    reply: Reply<'enqueueTasks'>;
  };
  claim: {
    request: Identified<Omit<Request<'claimTasks'>, 'seed'>>;
    reply: JournaledClaims | Extract<Reply<'claimTasks'>, { ok: false }>;
  };
  heartbeat: { request: Fenced<Request<'heartbeat'>>; reply: Reply<'heartbeat'> };
  checkpoint: { request: Identified<Fenced<Request<'checkpoint'>>>; reply: Reply<'checkpoint'> };
  release: {
    request: Identified<{
      readonly namespace?: string | undefined;
      readonly items: readonly Fenced<ReleaseTask>[];
      readonly claimNext?: ClaimNext | undefined;
    }>;
    reply: Omit<ReleasedBatch, 'next'> & { readonly next: readonly JournaledClaim[] };
  };
  recover: { request: Identified<Request<'staleRecovery'>>; reply: Reply<'staleRecovery'> };
  cancel: { request: Identified<Request<'cancelTask'>>; reply: Reply<'cancelTask'> };
  retry: { request: Identified<Request<'retryTask'>>; reply: Reply<'retryTask'> };
  close: { request: Identified<Request<'closeSession'>>; reply: Reply<'closeSession'> };
  answer: { request: Identified<Request<'answerTask'>>; reply: Reply<'answerTask'> };
}

interface JournaledClaims {
  readonly ok: true;
  readonly claims: readonly JournaledClaim[];
}

export type JournaledCallName = keyof Calls;

/** A holder's call as a journal stores it. */
export function withFence<R extends { readonly token: string }>({ token, ...request }: R): Fenced<R> {
  return { ...request, fence: fenceOf(token) };
}

/** A claim as a journal stores it. */
export function withoutToken({ lease: { token: _secret, ...lease }, ...claim }: ClaimRecord): JournaledClaim {
  return { ...claim, lease };
}
