import { z } from 'zod';
import type { EventDraft } from '../log/events.ts';
import * as field from '../model/fields.ts';
import { isExpired, isStale, type HeldSession } from '../model/lease.ts';
import { DEFAULTS, LIMITS } from '../model/limits.ts';
import { hasJudged, isBarred, reviewOf, roundOf } from '../model/review.ts';
import type { Loaded, LoadedSession } from '../storage/loaded.ts';
import { addresseesOf, compareInQueue, type Task } from '../model/task.ts';
import { assertRoles, entriesOf, refusalOf, rolesToAsk, withRoles, type AgentRefusal } from './admission.ts';
import { fits, grantAll, receiptClaims, restoreClaims, type Candidate, type Claim, type Takeover } from './grant.ts';
import { type Command, type Decision, refusalReason, refuse } from './command.ts';
import { asHeldLease, type HeldLease } from './held-lease.ts';
import { endLease } from './lease-end.ts';
import { evidence, evidenceAgainst, type Evidence } from './evidence.ts';

/** The input of `claimTask` and `claimTasks`. */
export const claimInput = z.lazy(() =>
  z
    .strictObject({
      namespace: field.name,
      commandId: field.commandId,
      /** 128 random bits in hex: the tokens of the leases are made from it. Never stored. */
      seed: field.seed,
      agent: field.name,
      /** This run of the agent: recorded, and compared with the instance in calls of the holder. */
      instance: field.name.optional(),
      /** Of the agent: it may also claim tasks for one of them. If it is registered: only these of its roles. */
      roles: field.roles.default([]),
      /** Only this session; it is taken over if its lease has expired. Default: the session with the best head. */
      sessionId: field.id.optional(),
      /** Only heads of these kinds. */
      kinds: field.kinds.optional(),
      ttlMs: field.ttlMs.default(DEFAULTS.ttl_ms),
      staleAfterMs: field.staleAfterMs.default(DEFAULTS.stale_after_ms),
      /** The same agent after a restart: takes back at once what its earlier instance held. */
      resume: z.boolean().default(false),
      /** Proof that the process of a holder is gone. */
      evidence: z.array(evidence).max(LIMITS.batch_max).default([]),
      /** The process that will hold the lease, if its death would prove that the holder is dead. */
      process: z
        .strictObject({
          host: field.note,
          boot: field.note,
          pid: z.int().positive(),
          start: field.note,
          group: field.processGroup.optional(),
        })
        .optional(),
      /** Without a session: how many heads at most, each of a different session. */
      limit: field.batchLimit.default(1),
    })
    .refine(({ evidence: proofs, sessionId, resume }) => proofs.length === 0 || sessionId !== undefined || resume, {
      path: ['evidence'],
      message: 'can only be given with a session or with resume; staleRecovery takes it for any session',
    }),
);

/** The input, checked and filled in. */
export type ClaimInput = z.output<typeof claimInput>;

/** Why a claim was refused. */
export type ClaimRefusal =
  /** Another agent holds the session; or (`previous_alive`) an earlier run of the same agent may still be alive. */
  | {
      readonly ok: false;
      readonly reason: 'busy';
      readonly why: 'held' | 'previous_alive';
      readonly sessionId: string;
      readonly heldBy: { readonly agent: string; readonly instance: string | null };
      /** When the lease expires, in milliseconds. */
      readonly until: number;
    }
  /** The head of the session reviews work that this agent held itself. */
  | {
      readonly ok: false;
      readonly reason: 'review_own_work';
      readonly taskId: string;
      readonly holders: readonly string[];
    }
  /** The head of the session is a review of a round in which this agent has given its verdict. */
  | { readonly ok: false; readonly reason: 'review_twice'; readonly taskId: string; readonly reviewed: string }
  /** No task fits now. */
  | { readonly ok: false; readonly reason: 'no_task'; readonly nextDueAt: number | null }
  | { readonly ok: false; readonly reason: 'not_found' }
  | AgentRefusal;

/** Leases, each with its task and context; or the reason why there are none. */
export type ClaimReply = { readonly ok: true; readonly claims: readonly Claim[] } | ClaimRefusal;

/** Grants the lease of a session, with its head as the running task. */
export const claim: Command<ClaimInput, ClaimReply> = {
  name: 'claim',
  input: claimInput,
  refusalReason,
  events: ['task.claimed', 'task.recovered', 'lease.taken_over', 'task.failed', 'task.cancelled', 'session.closed'],
  endsOthersLeases: true,
  settles: true,
  notIdentity: ['process', 'evidence'],
  receipt: {
    store: ({ claims }) => receiptClaims(claims),
    restore: (stored, rows, input) => ({ ok: true, claims: restoreClaims(input, input.seed, stored, rows) }),
  },

  claimant: (input) => input,

  scope(input, { registered = [] } = {}) {
    const { namespace, commandId, sessionId, kinds, limit } = input;
    const agents = entriesOf(input);
    if (sessionId !== undefined) return { by: 'sessions', namespace, commandId, agents, sessions: [{ sessionId }] };
    const addressees = addresseesOf(input.agent, rolesToAsk(input, registered));
    const staleLimit = LIMITS.stale_sessions_per_claim_max;
    return {
      by: 'ready',
      namespace,
      commandId,
      agents,
      addressees,
      agent: input.agent,
      limit,
      staleLimit,
      ...(kinds && { kinds }),
      ...(input.resume && { heldBy: input.agent }),
    };
  },

  decide(asked, loaded) {
    const refusal = refusalOf(asked, loaded.agents);
    if (refusal !== null) return refuse(refusal);
    assertRoles(asked, loaded.agents);
    const input = withRoles(asked, loaded.agents);
    if (input.sessionId !== undefined) return claimSession(input, loaded, loaded.sessions[0]);
    const mine = input.resume ? loaded.sessions.flatMap((one) => heldByEarlierRun(input, one)) : [];
    const [oldest] = mine;
    const resumable = mine.filter(({ session }) => takeoverReason(input, session, loaded.now) !== null);
    if (oldest !== undefined && resumable.length === 0) return busy(input, loaded, oldest.session);

    const resumed = resume(input, resumable.slice(0, input.limit));
    const continues = resumed.candidates.some(({ head }) => fits(input, head));
    return grantBest(input, loaded, continues ? resumed : best(input, loaded, resumed.events));
  },
};

/** The candidates of a claim, and the events that come before the grant. */
interface Choice {
  readonly events: readonly EventDraft[];
  readonly candidates: readonly Candidate[];
}

function claimSession(input: ClaimInput, loaded: Loaded, found: LoadedSession | undefined): Decision<ClaimReply> {
  if (found === undefined) return refuse({ ok: false, reason: 'not_found' });
  const held = asHeldLease(found);
  if (held === null) {
    return (
      notForIt(input, found.head) ?? grantBest(input, loaded, { events: [], candidates: candidate(found.head, null) })
    );
  }
  const reason = takeoverReason(input, held.session, loaded.now);
  if (reason === null) return busy(input, loaded, held.session);
  return notForIt(input, held.task) ?? grantBest(input, loaded, takeOver(input, held, reason));
}

/** The refusal of an agent that asks for a review which is not for it; null: it does not. */
function notForIt({ agent }: ClaimInput, head: Task | null): Decision<ClaimReply> | null {
  const of = head === null ? null : reviewOf(head);
  if (head === null || of === null || !isBarred(agent, head)) return null;
  const { task_id: reviewed, not_for: notFor, judged_by: judgedBy = [] } = of;
  if (hasJudged(agent, head)) return refuse({ ok: false, reason: 'review_twice', taskId: head.id, reviewed });
  const holders = notFor.filter((name) => !judgedBy.includes(name));
  return refuse({ ok: false, reason: 'review_own_work', taskId: head.id, holders });
}

/** Of the reviews of a round, the first: each agent gives one verdict in it. */
function oneOfEachRound(candidates: readonly Candidate[]): Candidate[] {
  const rounds = new Set<string>();
  return candidates.filter(({ head }) => {
    const round = roundOf(head);
    if (round === null) return true;
    const isFirst = !rounds.has(round);
    rounds.add(round);
    return isFirst;
  });
}

function heldByEarlierRun(input: ClaimInput, one: LoadedSession): HeldLease[] {
  const held = asHeldLease(one);
  return held !== null && isEarlierRun(input, held.session) ? [held] : [];
}

/** Without a session, a restarted agent continues with what it held. */
function resume(input: ClaimInput, resumable: readonly HeldLease[]): Choice {
  const taken = resumable.map((held) => takeOver(input, held, 'resumed'));
  return { events: taken.flatMap(({ events }) => events), candidates: taken.flatMap(({ candidates }) => candidates) };
}

/** The best heads of all, after recovering the stale sessions that were loaded, except those of `before`. */
function best(input: ClaimInput, loaded: Loaded, before: readonly EventDraft[]): Choice {
  const done = new Set(before.map(({ sessionId }) => sessionId));
  const events = [...before];
  const candidates: Candidate[] = [];
  for (const one of loaded.sessions) {
    const held = asHeldLease(one);
    if (held === null) candidates.push(...candidate(one.head, null));
    else if (isStale(held.session, loaded.now) && !done.has(held.session.id)) {
      const closed = endLease(held, { type: 'task.recovered', reason: 'stale' }, input, null);
      events.push(...closed.events);
      candidates.push(...candidate(closed.head, null));
    }
  }
  return { events, candidates: candidates.toSorted((a, b) => compareInQueue(a.head, b.head)) };
}

function candidate(head: Task | null, takeover: Takeover | null): Candidate[] {
  return head === null ? [] : [{ head, takeover }];
}

function grantBest(input: ClaimInput, loaded: Loaded, { events, candidates }: Choice): Decision<ClaimReply> {
  const chosen = oneOfEachRound(candidates.filter(({ head }) => fits(input, head))).slice(0, input.limit);
  if (chosen.length === 0)
    return { events, reply: () => ({ ok: false, reason: 'no_task', nextDueAt: loaded.nextDueAt }) };
  const grants = grantAll(input, input.seed, chosen, loaded);
  return {
    events: [...events, ...grants.events],
    reply: (after) => ({ ok: true, claims: grants.claims(after) }),
  };
}

function takeOver(input: ClaimInput, held: HeldLease, reason: Takeover['reason']): Choice {
  const { session } = held;
  const closed = endLease(held, { type: 'lease.taken_over', reason }, input, proofAgainst(input, session));
  return { events: closed.events, candidates: candidate(closed.head, { from: holderOf(session), reason }) };
}

/**
 * Why a claim may end the lease of another holder now, or null. It is decided under the lock: a heartbeat that came
 * first wins.
 */
export function takeoverReason(input: ClaimInput, session: HeldSession, now: number): Takeover['reason'] | null {
  const proof = proofAgainst(input, session);
  if (isEarlierRun(input, session) && (session.pid === null || proof !== null || now >= silentFrom(session)))
    return 'resumed';
  if (proof !== null) return 'dead';
  return isExpired(session, now) ? 'expired' : null;
}

/**
 * Whether an earlier run of the same agent holds the session. A run that gives no instance never counts as the same
 * run.
 */
function isEarlierRun(input: ClaimInput, { agent, instance }: HeldSession): boolean {
  return input.resume && agent === input.agent && instance !== input.instance;
}

/** No heartbeat for half the TTL: two were missed, so from then on an agent that says it was restarted is believed. */
export function silentFrom({ heartbeatAt, ttlMs }: Pick<HeldSession, 'heartbeatAt' | 'ttlMs'>): number {
  return heartbeatAt + ttlMs / 2;
}

function proofAgainst(input: ClaimInput, session: HeldSession): Evidence | null {
  return evidenceAgainst(session, input.evidence);
}

function busy(input: ClaimInput, loaded: Loaded, session: HeldSession): Decision<ClaimReply> {
  return {
    events: [],
    reply(after) {
      const { leaseExpiresAt } = after.session(session.id);
      const { agent, instance } = session;
      const why = isEarlierRun(input, session) ? 'previous_alive' : 'held';
      return {
        ok: false,
        reason: 'busy',
        why,
        sessionId: session.id,
        heldBy: { agent, instance },
        until: leaseExpiresAt ?? loaded.now,
      };
    },
  };
}

function holderOf({ agent, instance, fence }: HeldSession): Takeover['from'] {
  return { agent, instance, fence };
}
