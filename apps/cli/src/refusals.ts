import type { Claimed, ClaimRefusal, LeaseRefusal } from '@agent-orchestrator/core';
import type { Mentioned, Names } from '@agent-orchestrator/runtime';
import { Failure } from './failure.ts';
import type { Holder } from './input/holder.ts';
import { moment, relative } from './output/time.ts';

type Held = Pick<Extract<ClaimRefusal, { reason: 'busy' }>, 'heldBy' | 'until'>;

/** A lost race as a failure: what stands in the way, until when, and what can be done. */
export function claimRefused(refusal: ClaimRefusal, sessionId: string | undefined, names: Names, now: number): Failure {
  switch (refusal.reason) {
    case 'not_found':
      return notFound('session', sessionId ?? '');
    case 'busy': {
      const { why, heldBy, until } = refusal;
      const message =
        why === 'held'
          ? heldUntil(names.session(refusal.sessionId), refusal, now)
          : `An earlier run of ${heldBy.agent} holds session ${names.session(refusal.sessionId)} and may still be alive, until ${moment(until, now)}.`;
      return new Failure('BUSY', message, {
        retryable: true,
        retryAfterMs: Math.max(0, until - now),
        hint: `Wait with --wait 30s; \`orchestrator why session ${names.sessionReference(refusal.sessionId)}\` says until when, and the way on.`,
        details: { why, sessionId: refusal.sessionId, heldBy, until },
      });
    }
    case 'no_task': {
      const { nextDueAt } = refusal;
      const due = nextDueAt === null ? 'Nothing is scheduled either.' : `The next is due ${relative(nextDueAt, now)}.`;
      return new Failure('NO_TASK', `There is nothing to claim now. ${due}`, {
        retryable: true,
        retryAfterMs: nextDueAt === null ? undefined : Math.max(0, nextDueAt - now),
        hint: `Wait with --wait 30s; \`orchestrator why ${sessionId === undefined ? 'agent NAME' : `session ${sessionId}`}\` says what stands in the way.`,
        details: { nextDueAt },
      });
    }
  }
}

/** The session that an answer to a claim names. */
export function mentionedBy(claimed: Claimed): Mentioned {
  if (claimed.ok) return { sessions: [claimed.lease.sessionId] };
  return { sessions: claimed.reason === 'busy' ? [claimed.sessionId] : [] };
}

/** A session that cannot be closed, because somebody works on it. */
export function sessionHeld({ heldBy, until }: Held, sessionId: string, now: number): Failure {
  return new Failure('BUSY', heldUntil(sessionId, { heldBy, until }, now), {
    retryable: true,
    retryAfterMs: Math.max(0, until - now),
    hint:
      until > now
        ? `Close it when it is free; \`orchestrator session show ${sessionId}\` shows who works on what in it.`
        : 'Its lease is over: `orchestrator recover` ends it where the holder has fallen silent.',
    details: { why: 'held', sessionId, heldBy, until },
  });
}

/** The caller does not hold a lease with this token, or does not hold it any more. */
export function leaseRefused({ endedBy, at, successor }: LeaseRefusal, { token }: Holder): Failure {
  const fence = token.slice(0, token.indexOf('-'));
  const details = { endedBy, at, successor };
  if (endedBy === null) return notGranted(fence, details);
  const ended = `It was ended by ${endedBy}${at === null ? '' : ` at ${new Date(at).toISOString()}`}.`;
  const next =
    successor === undefined ? '' : ` ${successor.agent} holds the session now, with fence ${successor.fence}.`;
  return new Failure('LEASE_LOST', `Refused: you do not hold the lease with fence ${fence} any more. ${ended}${next}`, {
    hint: 'Stop working on it: another agent may. `orchestrator resume` tells what happened since; claim again for new work.',
    details,
  });
}

/** No lease has this token: it was mistyped, or the lease is another instance's. */
function notGranted(fence: string, details: Omit<LeaseRefusal, 'ok' | 'reason'>): Failure {
  const { successor } = details;
  const isAnothers = successor !== undefined && String(successor.fence) === fence;
  const message = isAnothers
    ? `Refused: this is not the token and instance of the lease with fence ${fence}, which ${successor.agent} holds.`
    : `Refused: there was never a lease with this token (fence ${fence}).`;
  return new Failure('LEASE_LOST', message, {
    hint: 'Check --token and --instance: the answer of the claim has them. `orchestrator status` shows who holds what.',
    details,
  });
}

function heldUntil(session: string, { heldBy, until }: Held, now: number): string {
  return `Session ${session} is held by ${heldBy.agent} until ${moment(until, now)}.`;
}

export function notFound(what: 'task' | 'session', id: string): Failure {
  return new Failure('NOT_FOUND', `There is no ${what} ${id}.`, {
    hint: `\`orchestrator ${what} list\` shows what there is.`,
    field: 'id',
  });
}
