import { contextFrom, type Context, type StoredContext } from '../model/context.ts';
import type { EventDraft } from '../log/events.ts';
import { fromJsonText } from '../model/json.ts';
import { leaseOf, type Lease, type ProcessIdentity } from '../model/lease.ts';
import { addresseeOf, addresseesOf, type Task } from '../model/task.ts';
import type { After } from './command.ts';

/** Who wants work, for how long, and which. */
export interface Claimant {
  readonly agent: string;
  readonly instance?: string | undefined;
  readonly roles: readonly string[];
  readonly kinds?: readonly string[] | undefined;
  readonly ttlMs: number;
  readonly staleAfterMs: number;
  readonly process?: ProcessIdentity | undefined;
}

/** From whom a session was taken over, and why that was allowed. */
export interface Takeover {
  readonly from: { readonly agent: string; readonly instance: string | null; readonly token: number };
  readonly reason: 'expired' | 'resumed' | 'dead';
}

/** What a successful claim hands over. */
export interface Claim {
  readonly task: Task;
  readonly lease: Lease;
  readonly context: Context | null;
  readonly takeover: Takeover | null;
}

/** Whether the claimant may and wants to take this head. */
export function fits(claimant: Claimant, head: Task): boolean {
  return isFor(claimant, head) && isWanted(claimant, head);
}

/** Whether the task waits for nobody in particular, for this agent, or for one of its roles. */
export function isFor(claimant: Pick<Claimant, 'agent' | 'roles'>, head: Task): boolean {
  return addresseesOf(claimant.agent, claimant.roles).includes(addresseeOf(head));
}

/** Whether the task is of a kind that was asked for. */
export function isWanted(claimant: Pick<Claimant, 'kinds'>, head: Task): boolean {
  return claimant.kinds === undefined || claimant.kinds.includes(head.kind);
}

/** Takes the session's lock and marks its head running. */
export function grant(claimant: Claimant, head: Task, token: number, now: number): EventDraft {
  return {
    type: 'task.claimed',
    sessionId: head.sessionId,
    taskId: head.id,
    agent: claimant.agent,
    instance: claimant.instance ?? null,
    token,
    leaseMark: 1,
    payload: {
      ttl_ms: claimant.ttlMs,
      stale_after_ms: claimant.staleAfterMs,
      expires_at: now + claimant.ttlMs,
      host: claimant.process?.host ?? null,
      boot: claimant.process?.boot ?? null,
      pid: claimant.process?.pid ?? null,
      process_start: claimant.process?.start ?? null,
      ...(claimant.process?.group !== undefined && { process_group: claimant.process.group }),
    },
  };
}

/** What the claimant gets, read off the rows as the grant left them. */
export function claimOf(head: Task, takeover: Takeover | null, after: After): Claim {
  const session = after.session(head.sessionId);
  return {
    task: after.task(head.id),
    lease: leaseOf(session),
    context: session.context === null ? null : contextFrom(fromJsonText(session.context) as StoredContext),
    takeover,
  };
}
