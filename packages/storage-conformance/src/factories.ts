import type { ClaimRecord, Evidence, Lease, Orchestrator, ProcessIdentity, TaskRecord } from '@agent-orchestrator/core';

export type TaskCall = Parameters<Orchestrator['enqueueTask']>[0];
export type ClaimCall = Parameters<Orchestrator['claimTask']>[0];

/** The agents of the cases: two by name, as in the documentation. */
export const AGENT = 'company-agent';
export const OTHER_AGENT = 'home-agent';

/** A lease and a silence that are easy to reckon with. */
export const TTL_MS = 60_000;
export const STALE_AFTER_MS = 30_000;

/** A process that holds a lease, where a case needs one. */
export const PROCESS = { host: 'machine-1', boot: 'boot-1', pid: 4_711, start: '123456' };

/** A claim's call: company-agent, a lease of one minute, stale with its expiry. */
export function claimCall(overrides: Partial<ClaimCall> = {}): ClaimCall {
  return { agent: AGENT, ttlMs: TTL_MS, staleAfterMs: STALE_AFTER_MS, ...overrides };
}

/** A holder proves its lease only by the token. */
export function holderOf({ lease }: { readonly lease: Pick<Lease, 'token'> }): { token: string } {
  return { token: lease.token };
}

/** A token with a fence as any reader of the log knows it, and with a secret that was never granted. */
export function inventedToken(fence: number): string {
  return `${fence}-${'0123456789abcdef'.repeat(2)}`;
}

/** The proof that the process of a holder is gone. */
export function evidenceAgainst(
  { lease: { sessionId, fence } }: { readonly lease: Pick<ClaimRecord['lease'], 'sessionId' | 'fence'> },
  { host, boot, pid, start: processStart }: ProcessIdentity = PROCESS,
): Evidence {
  return { sessionId, fence, host, boot, pid, processStart };
}

/** The ids of tasks, in order. */
export function idsOf(tasks: readonly Pick<TaskRecord, 'id'>[]): string[] {
  return tasks.map(({ id }) => id);
}

/** A UUIDv7 of a time, told apart from others of that time by a number: the same test always makes the same ids. */
export function commandIdAt(at: number, number: number): string {
  const time = at.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** The seed of a claim, another one for each number: the same test always gets the same tokens. */
export function seedNumber(number: number): string {
  return number.toString(16).padStart(32, '5eed');
}

/** Enough reads of 500 rows that a storage which lets others work between its reads has to do so. */
export const MANY_READS = 60;
