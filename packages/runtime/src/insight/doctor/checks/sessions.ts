import { counted, lasting, nameOf, referenceTo } from '@agent-orchestrator/core';
import type { HeadFacts, HeldFacts, StoreFacts, WorkFacts } from '../facts.ts';
import { draft, RECOVER_STALE, type Draft, type Subject } from '../finding.ts';

/** Where anybody claims or recovers, a stale session does not stay one for so long. */
const RECOVERED_WITHIN_MS = 10_000;
/** A head that waits so long is told of. */
const CLAIMED_WITHIN_MS = 600_000;

/** Sessions whose holders fell silent, and that nobody recovers. */
export function checkStale({ work }: StoreFacts): Draft[] {
  if (work === null) return [];
  const stale = work.held.filter(({ staleAt }) => staleAt <= work.now).toSorted((a, b) => a.staleAt - b.staleAt);
  const [first] = stale;
  if (first === undefined) {
    const held =
      work.held.length === 0
        ? 'nobody is at work'
        : `${counted(work.held.length, 'session', work.capped)} held, none stale`;
    return [draft('stale_sessions', 'ok', held)];
  }
  const forMs = work.now - first.staleAt;
  const isLeft = forMs > RECOVERED_WITHIN_MS;
  return [
    draft(
      'stale_sessions',
      isLeft ? 'warning' : 'notice',
      `${counted(stale.length, 'session', work.capped)} held by somebody who fell silent, the longest stale for ${lasting(forMs)}${isLeft ? '; nobody recovers them' : ''}.`,
      {
        hint: '`orchestrator recover` puts what they held back in its place, with its context; `orchestrator recover --watch` goes on doing so, and so does every agent that claims.',
        countCapped: work.capped,
        subjects: stale.map((held) => subjectOf(held)),
        evidenceRefs: stale.map(({ namespace, sessionId, fence, seq: upTo }) => ({
          is: 'lease',
          namespace,
          sessionId,
          fence,
          effect: 'granted',
          upTo,
        })),
        fix: RECOVER_STALE,
      },
    ),
  ];
}

/** Heads that could be claimed, and are not. */
export function checkUnclaimed({ work }: StoreFacts): Draft[] {
  if (work === null) return [];
  const late = lateHeads(work);
  const isAtWork = ({ namespace, kind }: HeadFacts) => work.kindsAtWork.has(`${namespace} ${kind}`);
  const alone = late.filter((head) => !isAtWork(head));
  const behind = late.filter(isAtWork);
  const found = [...told(alone, work, 'warning'), ...told(behind, work, 'notice')];
  if (found.length > 0) return found;
  const waiting =
    work.heads.length === 0
      ? 'nothing waits'
      : `${counted(work.heads.length, 'session', work.capped)} ready to be claimed, none for long`;
  return [draft('unclaimed_heads', 'ok', waiting)];
}

/** Queues whose head is for one agent or role, while others could do what stands behind it. */
export function checkBlocked({ work }: StoreFacts): Draft[] {
  if (work === null) return [];
  const blocked = lateHeads(work).filter((head) => head.blocked > 0 && (head.assignee !== null || head.role !== null));
  const [first] = blocked;
  if (first === undefined)
    return [draft('blocked_queues', 'ok', 'no queue waits behind a task for somebody who does not come')];
  const behind = blocked.reduce((sum, head) => sum + head.blocked, 0);
  return [
    draft(
      'blocked_queues',
      'warning',
      `${counted(blocked.length, 'session', work.capped)} blocked by a head for another: ${counted(behind, 'task', work.capped)} behind ${blocked.length === 1 ? 'it' : 'them'}; first ${describe(first)}.`,
      {
        hint: `${askWhy(first)} A session is a strict line of work: let whom the head waits for claim it, or put work that may run beside it into a session of its own.`,
        countCapped: work.capped,
        ...rows(blocked),
      },
    ),
  ];
}

function lateHeads({ heads, now }: WorkFacts): HeadFacts[] {
  return heads
    .filter(({ waitsSince }) => waitsSince <= now - CLAIMED_WITHIN_MS)
    .toSorted((a, b) => a.waitsSince - b.waitsSince);
}

function told(late: readonly HeadFacts[], { now, capped }: WorkFacts, severity: 'warning' | 'notice'): Draft[] {
  const [first] = late;
  if (first === undefined) return [];
  const since = `first ${describe(first)}, for ${lasting(now - first.waitsSince)}`;
  const [message, hint] =
    severity === 'warning'
      ? [
          `${counted(late.length, 'head', capped)} that nobody claims, nor any other task of ${late.length === 1 ? 'its kind' : 'their kinds'}; ${since}.`,
          `${askWhy(first)} Start an agent that claims this kind, in this namespace, with the role that is asked for (\`orchestrator claim --help\`).`,
        ]
      : [
          `${counted(late.length, 'head', capped)} waiting for long while others of ${late.length === 1 ? 'its kind' : 'their kinds'} are worked on; ${since}.`,
          `${askWhy(first)} The agents may just have more to do than they can: start more of them, or wait.`,
        ];
  return [draft('unclaimed_heads', severity, message, { hint, countCapped: capped, ...rows(late) })];
}

function describe({ taskId: id, number, kind, assignee, role }: HeadFacts): string {
  const whom = assignee === null ? (role === null ? '' : ` for the role ${role}`) : ` for ${assignee}`;
  return `task ${nameOf('task', { id, number })} of kind ${kind}${whom}`;
}

/** A head of any namespace may be told of, whichever the commands take by themselves. */
function askWhy({ namespace, taskId: id, number }: HeadFacts): string {
  return `\`orchestrator why task ${referenceTo('task', { id, number })} --namespace ${namespace}\` tells what keeps it.`;
}

function rows(heads: readonly HeadFacts[]): Pick<Draft, 'subjects' | 'evidenceRefs'> {
  return {
    subjects: heads.map(({ namespace, sessionId, taskId, assignee: agent }) => ({
      namespace,
      sessionId,
      taskId,
      agent,
    })),
    evidenceRefs: heads.map(({ namespace, taskId }) => ({ is: 'queued', namespace, taskId })),
  };
}

function subjectOf({ namespace, sessionId, taskId, agent }: HeldFacts): Subject {
  return { namespace, sessionId, taskId, agent };
}
