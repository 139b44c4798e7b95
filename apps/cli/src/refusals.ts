import type { ClaimRefusal, LeaseLost } from '@agent-orchestrator/core';
import { Failure } from './failure.ts';
import { moment, relative } from './output/time.ts';

/** A lost race as a failure: what stands in the way, until when, and what can be done. */
export function claimRefused(refusal: ClaimRefusal, sessionId: string | undefined, now: number): Failure {
  switch (refusal.reason) {
    case 'not_found':
      return notFound('session', sessionId ?? '');
    case 'busy': {
      const { why, heldBy, until } = refusal;
      const message =
        why === 'held'
          ? `Session ${refusal.sessionId} is held by ${heldBy.agent} until ${moment(until, now)}.`
          : `An earlier run of ${heldBy.agent} holds session ${refusal.sessionId} and may still be alive, until ${moment(until, now)}.`;
      return new Failure('BUSY', message, {
        retryable: true,
        retryAfterMs: Math.max(0, until - now),
        hint: 'Wait with --wait 30s; `orchestrator status` shows who works on what.',
        details: { why, sessionId: refusal.sessionId, heldBy, until },
      });
    }
    case 'no_task': {
      const { nextDueAt } = refusal;
      const due = nextDueAt === null ? 'Nothing is scheduled either.' : `The next is due ${relative(nextDueAt, now)}.`;
      return new Failure('NO_TASK', `There is nothing to claim now. ${due}`, {
        retryable: true,
        retryAfterMs: nextDueAt === null ? undefined : Math.max(0, nextDueAt - now),
        hint: 'Wait with --wait 30s; `orchestrator task list` shows what there is.',
        details: { nextDueAt },
      });
    }
  }
}

export function leaseLost({ endedBy, at, successor }: LeaseLost, sessionId: string): Failure {
  const ended =
    endedBy === null
      ? 'No lease with this token was granted here.'
      : `It was ended by ${endedBy}${at === null ? '' : ` at ${new Date(at).toISOString()}`}.`;
  const next = successor === undefined ? '' : ` ${successor.agent} has it now, with token ${successor.token}.`;
  return new Failure('LEASE_LOST', `Refused: you do not hold session ${sessionId} any more. ${ended}${next}`, {
    hint: `Stop working on it: somebody else may. \`orchestrator session show ${sessionId}\` shows its state; claim again for new work.`,
    details: { endedBy, at, successor },
  });
}

export function notFound(what: 'task' | 'session', id: string): Failure {
  return new Failure('NOT_FOUND', `There is no ${what} ${id}.`, {
    hint: `\`orchestrator ${what} list\` shows what there is.`,
    field: 'id',
  });
}
