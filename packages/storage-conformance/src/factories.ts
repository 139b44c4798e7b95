import type { ClaimRecord, Orchestrator, TaskRecord } from '@agent-orchestrator/core';

export type TaskCall = Parameters<Orchestrator['enqueueTask']>[0];
export type ClaimCall = Parameters<Orchestrator['claimTask']>[0];

/** The agents of the cases: two by name, as in the documentation. */
export const AGENT = 'company-agent';
export const OTHER_AGENT = 'home-agent';

/** A lease and a silence that are easy to reckon with. */
export const TTL_MS = 60_000;
export const STALE_AFTER_MS = 30_000;

/** A claim's call: company-agent, a lease of one minute, stale with its expiry. */
export function claimCall(overrides: Partial<ClaimCall> = {}): ClaimCall {
  return { agent: AGENT, ttlMs: TTL_MS, staleAfterMs: STALE_AFTER_MS, ...overrides };
}

/** How a holder shows that it is one. */
export function holderOf({ lease }: Pick<ClaimRecord, 'lease'>): { sessionId: string; token: number } {
  return { sessionId: lease.sessionId, token: lease.token };
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
