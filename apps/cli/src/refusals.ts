import type { AgentRefusal, Claimed, ClaimRefusal, LeaseRefusal } from '@agent-orchestrator/core';
import { shellArgument, shellWord, type Mentioned, type Names } from '@agent-orchestrator/runtime';
import { Failure } from './failure.ts';
import type { Holder } from './input/holder.ts';
import { moment, relative, timestamp } from './output/time.ts';

type Held = Pick<Extract<ClaimRefusal, { reason: 'busy' }>, 'heldBy' | 'until'>;

/** A refused claim as a failure: the reason, until when it holds, and what to do. */
export function claimRefused(
  refusal: ClaimRefusal,
  { agent, sessionId }: { readonly agent: string; readonly sessionId?: string | undefined },
  names: Names,
  now: number,
): Failure {
  switch (refusal.reason) {
    case 'not_found':
      return notFound('session', sessionId ?? '');
    case 'busy': {
      const { why, heldBy, until } = refusal;
      const session = names.session(refusal.sessionId);
      const message =
        why === 'held'
          ? heldUntil(session, refusal, now)
          : `An earlier run of ${heldBy.agent} holds session ${session} until ${moment(until, now)} and may be alive.`;
      return new Failure('BUSY', message, {
        retryable: true,
        retryAfterMs: Math.max(0, until - now),
        hint:
          'Wait with --wait 30s. ' +
          `\`orchestrator why session ${names.sessionArgument(refusal.sessionId)}\` explains it and what to do next.`,
        details: { why, sessionId: refusal.sessionId, heldBy, until },
      });
    }
    case 'review_own_work': {
      const { taskId, holders } = refusal;
      return new Failure('REVIEW_OWN_WORK', `Agent ${agent} held the work that this review judges.`, {
        hint: 'An agent with the role of the review that never held the work can claim it.',
        details: { taskId, holders },
      });
    }
    case 'review_twice': {
      const { taskId, reviewed } = refusal;
      return new Failure('REVIEW_TWICE', `Agent ${agent} has given its verdict in this round of reviews.`, {
        hint: 'Each agent gives one. Another agent with the role of the review can claim it.',
        details: { taskId, reviewed },
      });
    }
    case 'no_task': {
      const { nextDueAt } = refusal;
      const subject = sessionId === undefined ? `agent ${shellWord(agent)}` : `session ${shellArgument(sessionId)}`;
      const due = nextDueAt === null ? 'No task is scheduled.' : `The next task is due ${relative(nextDueAt, now)}.`;
      return new Failure('NO_TASK', `No task can be claimed now. ${due}`, {
        retryable: true,
        retryAfterMs: nextDueAt === null ? undefined : Math.max(0, nextDueAt - now),
        hint: `Wait with --wait 30s. \`orchestrator why ${subject}\` explains why.`,
        details: { nextDueAt },
      });
    }
    default:
      return agentRefused(refusal);
  }
}

const AGENT_REFUSALS = {
  agent_draining: ['AGENT_DRAINING', 'drains: it claims nothing more.'],
  agent_retired: ['AGENT_RETIRED', 'is retired: its name may not claim.'],
  agent_unregistered: ['AGENT_UNREGISTERED', 'is not registered, and only registered agents may claim here.'],
} as const;

/** The registry lets the agent claim nothing. */
export function agentRefused({ agent, reason }: Pick<AgentRefusal, 'agent' | 'reason'>): Failure {
  const [code, why] = AGENT_REFUSALS[reason];
  return new Failure(code, `Refused: agent ${agent} ${why}`, {
    hint: `\`orchestrator agent register ${shellWord(agent)}\` lets it claim.`,
    field: 'agent',
    details: { agent },
  });
}

/** The session that an answer to a claim names. */
export function mentionedBy(claimed: Claimed): Mentioned {
  if (claimed.ok) return { sessions: [claimed.lease.sessionId] };
  return { sessions: claimed.reason === 'busy' ? [claimed.sessionId] : [] };
}

/** A review cannot be taken away from the task that waits for it. */
export function openReview(reviewed: string): Failure {
  return new Failure('OPEN_REVIEW', `It is an open review of task ${reviewed}, which waits for its verdict.`, {
    hint:
      `Cancel the reviewed task (\`orchestrator task cancel ${shellArgument(reviewed)}\`), ` +
      'or give a verdict: `orchestrator approve --help`.',
    details: { reviewed },
  });
}

/** A session that cannot be closed, because it is held. */
export function sessionHeld({ heldBy, until }: Held, sessionId: string, now: number): Failure {
  return new Failure('BUSY', heldUntil(sessionId, { heldBy, until }, now), {
    retryable: true,
    retryAfterMs: Math.max(0, until - now),
    hint:
      until > now
        ? `Close it when it is free. \`orchestrator session show ${shellArgument(sessionId)}\` shows its holder.`
        : 'Its lease has expired: `orchestrator recover` ends it once it is stale.',
    details: { why: 'held', sessionId, heldBy, until },
  });
}

/** The caller does not hold a lease with this token (any more). */
export function leaseRefused({ endedBy, at, successor }: LeaseRefusal, { token }: Holder): Failure {
  const fence = token.slice(0, token.indexOf('-'));
  const details = { endedBy, at, successor };
  if (endedBy === null) return notGranted(fence, details);
  const ended = `It was ended by ${endedBy}${at === null ? '' : ` at ${timestamp(at)}`}.`;
  const next =
    successor === undefined ? '' : ` ${successor.agent} holds the session now, with fence ${successor.fence}.`;
  return new Failure('LEASE_LOST', `Refused: you no longer hold the lease with fence ${fence}. ${ended}${next}`, {
    hint:
      'Stop the work: another agent may continue it. ' +
      '`orchestrator resume` shows what happened since; claim again for new work.',
    details,
  });
}

/** No lease has this token: it was mistyped, or the lease belongs to another instance. */
function notGranted(fence: string, details: Omit<LeaseRefusal, 'ok' | 'reason'>): Failure {
  const { successor } = details;
  const isAnothers = successor !== undefined && String(successor.fence) === fence;
  const message = isAnothers
    ? `Refused: this is not the token and instance of the lease with fence ${fence}, which ${successor.agent} holds.`
    : `Refused: there was never a lease with this token (fence ${fence}).`;
  return new Failure('LEASE_LOST', message, {
    hint: 'Check ORCHESTRATOR_TOKEN and --instance: the answer of the claim has them.',
    details,
  });
}

function heldUntil(session: string, { heldBy, until }: Held, now: number): string {
  return `Session ${session} is held by ${heldBy.agent} until ${moment(until, now)}.`;
}

export function notFound(what: 'task' | 'session' | 'agent', id: string): Failure {
  return new Failure('NOT_FOUND', `There is no ${what === 'agent' ? 'registered agent' : what} ${id}.`, {
    hint: `\`orchestrator ${what} list\` shows the ${what === 'agent' ? 'names' : 'ids'}.`,
    field: what === 'agent' ? 'agent' : 'id',
  });
}
