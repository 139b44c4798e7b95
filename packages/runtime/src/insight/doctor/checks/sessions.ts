import { counted, lasting, nameOf, referenceTo, shellWord } from '@agent-orchestrator/core';
import type { HeadFacts, HeldFacts, StoreFacts, WorkFacts } from '../facts.ts';
import { draft, RECOVER_STALE, type Draft, type Subject } from '../finding.ts';

/** A stale session is recovered within this time if any agent claims or recovers. */
const RECOVERED_WITHIN_MS = 10_000;
/** A head that waits longer than this is reported. */
const CLAIMED_WITHIN_MS = 600_000;

/** Reports sessions whose holders are silent, and whether they are being recovered. */
export function checkStale({ work }: StoreFacts): Draft[] {
  if (work === null) return [];
  const stale = work.held.filter(({ staleAt }) => staleAt <= work.now).toSorted((a, b) => a.staleAt - b.staleAt);
  const [first] = stale;
  if (first === undefined) {
    const held =
      work.held.length === 0
        ? 'no session is held'
        : `${counted(work.held.length, 'session', work.capped)} held, none stale`;
    return [draft('stale_sessions', 'ok', held)];
  }
  const forMs = work.now - first.staleAt;
  const isLeft = forMs > RECOVERED_WITHIN_MS;
  const [have, sessions] = [
    stale.length === 1 && !work.capped ? 'has' : 'have',
    counted(stale.length, 'session', work.capped),
  ];
  return [
    draft(
      'stale_sessions',
      isLeft ? 'warning' : 'notice',
      `${sessions} ${have} a silent holder, the longest stale for ${lasting(forMs)}` +
        `${isLeft ? '; no agent recovers them' : ''}.`,
      {
        hint:
          '`orchestrator recover` puts their tasks back into the queues, with their contexts. ' +
          '`orchestrator recover --watch` keeps doing so. Agents that claim tasks do it, too.',
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

/** Reports heads that could be claimed, but are not. */
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
      ? 'no task waits'
      : `${counted(work.heads.length, 'session', work.capped)} ready to be claimed, none for long`;
  return [draft('unclaimed_heads', 'ok', waiting)];
}

/** Reports queues whose head is for one agent or role, while other agents could take the tasks behind it. */
export function checkBlocked({ work }: StoreFacts): Draft[] {
  if (work === null) return [];
  const blocked = lateHeads(work).filter((head) => head.blocked > 0 && (head.assignee !== null || head.role !== null));
  const [first] = blocked;
  if (first === undefined)
    return [draft('blocked_queues', 'ok', 'no queue is blocked by a task for an absent agent or role')];
  const behind = blocked.reduce((sum, head) => sum + head.blocked, 0);
  return [
    draft(
      'blocked_queues',
      'warning',
      `${counted(blocked.length, 'session', work.capped)} blocked by a head for one agent or role: ` +
        `${counted(behind, 'task', work.capped)} behind ${blocked.length === 1 ? 'it' : 'them'}; ` +
        `first ${describe(first)}.`,
      {
        hint:
          `${askWhy(first)} A session is a strict queue. Start the agent that the head waits for, ` +
          'or put tasks that can run in parallel into sessions of their own.',
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
  const isOne = late.length === 1 && !capped;
  const ready = `${counted(late.length, 'session', capped)} ${isOne ? 'is' : 'are'} ready`;
  const kinds = isOne ? 'this kind' : 'these kinds';
  const [message, hint] =
    severity === 'warning'
      ? [
          `${ready}, but no worker takes ${kinds}; ${since}.`,
          `${askWhy(first)} Start an agent that claims this kind, in this namespace, with the role of the task ` +
            '(`orchestrator claim --help`).',
        ]
      : [
          `${ready}, but the workers are busy with other tasks of ${kinds}; ${since}.`,
          `${askWhy(first)} The agents may have too much work: start more of them, or wait.`,
        ];
  return [draft('unclaimed_heads', severity, message, { hint, countCapped: capped, ...rows(late) })];
}

function describe({ taskId: id, number, kind, assignee, role }: HeadFacts): string {
  const whom = assignee === null ? (role === null ? '' : ` for the role ${role}`) : ` for ${assignee}`;
  return `task ${nameOf('task', { id, number })} of kind ${kind}${whom}`;
}

/** The head may be in another namespace than the default of the commands, so the command names it. */
function askWhy({ namespace, taskId: id, number }: HeadFacts): string {
  const task = referenceTo('task', { id, number });
  return `\`orchestrator why task ${task} --namespace ${shellWord(namespace)}\` explains what it waits for.`;
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
