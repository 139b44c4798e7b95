import { contextFrom, type Context, type StoredContext } from '../model/context.ts';
import { fromJsonText, type Json, type JsonText } from '../model/json.ts';
import { isWithReceiver } from '../model/hand-off.ts';
import { leaseOf, nextFence, type Lease, type ProcessIdentity } from '../model/lease.ts';
import { isBarred } from '../model/review.ts';
import { isFor, type Task } from '../model/task.ts';
import { tokenFor, tokenHash } from '../model/token.ts';
import type { EventDraft } from '../log/events.ts';
import type { Loaded } from '../storage/loaded.ts';
import type { After } from './command.ts';
import { receiptTask, type ReceiptReply, type ReceiptTask, type ReceiptRows } from './receipt-reply.ts';

/** The agent that claims, the length of its lease, and the tasks that it takes. */
export interface Claimant {
  readonly agent: string;
  readonly instance?: string | undefined;
  readonly roles: readonly string[];
  readonly kinds?: readonly string[] | undefined;
  readonly ttlMs: number;
  readonly staleAfterMs: number;
  readonly process?: ProcessIdentity | undefined;
}

/** The holder from which a session was taken over, and why that was allowed. */
export interface Takeover {
  readonly from: { readonly agent: string; readonly instance: string | null; readonly fence: number };
  readonly reason: 'expired' | 'resumed' | 'dead';
}

/** The answer to a successful claim. */
export interface Claim {
  readonly task: Task;
  readonly lease: Lease;
  readonly context: Context | null;
  readonly takeover: Takeover | null;
  /** The task has sub-tasks. Missing: it has none. */
  readonly hasSubtasks?: true;
}

/** A head that may be granted, and the takeover that freed it. */
export interface Candidate {
  readonly head: Task;
  readonly takeover: Takeover | null;
}

/** Leases that are granted: the events, and the claims after the events. */
export interface Grants {
  readonly events: readonly EventDraft[];
  claims(after: After): Claim[];
}

/** Whether the claimant may take this head and asked for its kind. */
export function fits(claimant: Claimant, head: Task): boolean {
  return isFor(claimant, head) && isWanted(claimant, head) && !isBarred(claimant.agent, head);
}

/** Whether the claimant asked for the kind of the task. */
export function isWanted(claimant: Pick<Claimant, 'kinds'>, head: Task): boolean {
  return claimant.kinds === undefined || claimant.kinds.includes(head.kind);
}

/**
 * Grants the leases of the heads' sessions: each head runs under a lease of its own.
 *
 * @param seed the seed of the claim: the tokens are made from it
 */
export function grantAll(
  claimant: Claimant,
  seed: string,
  candidates: readonly Candidate[],
  loaded: Pick<Loaded, 'now' | 'greatestFence' | 'withSubtasks'>,
): Grants {
  const { now, withSubtasks = [] } = loaded;
  let fence = loaded.greatestFence;
  const granted = candidates.map((candidate): Granted => {
    fence = nextFence(now, fence);
    return { ...candidate, fence, token: tokenFor(seed, fence) };
  });
  return {
    events: granted.map((one) => grantOf(claimant, one, now)),
    claims: (after) => granted.map((one) => claimOf(one, after, withSubtasks.includes(one.head.id))),
  };
}

interface Granted extends Candidate {
  readonly fence: number;
  readonly token: string;
}

function grantOf(claimant: Claimant, { head, fence, token }: Granted, now: number): EventDraft {
  return {
    type: 'task.claimed',
    sessionId: head.sessionId,
    taskId: head.id,
    agent: claimant.agent,
    instance: claimant.instance ?? null,
    fence,
    leaseEffect: 'granted',
    // In the order of their names: so the canonical text of most grants needs no copy.
    payload: {
      boot: claimant.process?.boot ?? null,
      expires_at: now + claimant.ttlMs,
      host: claimant.process?.host ?? null,
      pid: claimant.process?.pid ?? null,
      process_start: claimant.process?.start ?? null,
      stale_after_ms: claimant.staleAfterMs,
      token_hash: tokenHash(token),
      ttl_ms: claimant.ttlMs,
      ...(claimant.process?.group !== undefined && { process_group: claimant.process.group }),
      ...(isWithReceiver(head) && { handed_off_by: head.handedOffBy }),
    },
  };
}

/** The answer to the claimant, from the rows after the grant. */
function claimOf({ head, takeover, token }: Granted, after: After, hasSubtasks: boolean): Claim {
  const session = after.session(head.sessionId);
  return {
    task: after.task(head.id),
    lease: { ...leaseOf(session), token },
    context: decodeContext(session.context),
    takeover,
    ...(hasSubtasks && { hasSubtasks }),
  };
}

/**
 * A claim as a receipt stores it: without bodies, without what the claimant gives again, and without the token, which
 * the seed of the claim gives again.
 */
interface ReceiptClaim {
  readonly [part: string]: Json | undefined;
  readonly fence: number;
  readonly task: ReceiptTask;
  readonly takeover?: Takeover & { readonly [field: string]: Json };
  /** Missing: it has none. */
  readonly hasSubtasks?: true;
}

/** The part of claims that a receipt stores. */
export function receiptClaims(claims: readonly Claim[]): ReceiptReply & { readonly reply: readonly ReceiptClaim[] } {
  return {
    reply: claims.map(({ task, lease: { fence }, takeover, hasSubtasks }) => ({
      fence,
      task: receiptTask(task),
      ...(takeover !== null && { takeover: { ...takeover, from: { ...takeover.from } } }),
      ...(hasSubtasks && { hasSubtasks }),
    })),
    sessions: claims.map(({ lease }) => lease.sessionId),
    tasks: claims.map(({ task }) => task.id),
  };
}

/** Restores the claims of a receipt: the tasks as they were then, the context as it is now. */
export function restoreClaims(claimant: Claimant, seed: string, stored: Json, rows: ReceiptRows): Claim[] {
  return (stored as unknown as readonly ReceiptClaim[]).map((claim, at) => {
    const { fence, task: storedTask, takeover = null, hasSubtasks } = claim;
    const task = rows.task(at, storedTask);
    const { sessionId } = task;
    const { agent, instance = null, ttlMs, staleAfterMs } = claimant;
    const expiresAt = (task.startedAt ?? 0) + ttlMs;
    return {
      task,
      lease: { sessionId, agent, instance, fence, expiresAt, ttlMs, staleAfterMs, token: tokenFor(seed, fence) },
      context: decodeContext(rows.context(sessionId)),
      takeover,
      ...(hasSubtasks && { hasSubtasks }),
    };
  });
}

function decodeContext(text: JsonText | null): Context | null {
  return text === null ? null : contextFrom(fromJsonText(text) as StoredContext);
}
