/**
 * The conditions that reviews have.
 */
import { nameOf, referenceTo } from '../model/names.ts';
import { counted } from '../model/quantities.ts';
import { approvalText, hasJudged, isBarred, openReviewsOf, reviewOf, reviewOn } from '../model/review.ts';
import type { Task } from '../model/task.ts';
import type { Reader } from '../storage/storage.ts';
import { lastOf, met, unmet, type Condition, type Situation } from './condition.ts';

/** That a task in review waits for verdicts. */
export function reviewed({ task, history }: Situation): Condition {
  const { role = '', round = 0, approvals = 0, approved = [], open = [] } = reviewOn(task) ?? {};
  const by = approved.map(approvalText).join('; ');
  const given = `${approved.length} of ${counted(approvals, 'approval')}${by === '' ? '' : ` (${by})`}`;
  const so = `It is in review, round ${round}: ${given}`;
  return unmet(
    'reviewed',
    `${so}; ${counted(open.length, 'review')} for role ${role} ${open.length === 1 ? 'is' : 'are'} open.`,
    {
      nextStep:
        `\`orchestrator approve ${referenceTo('task', task)}\` approves it, for an agent that never held it. ` +
        'An agent with the role claims a review like any task.',
      events: lastOf(history, ['task.review_requested']),
    },
  );
}

/** That the claimant may judge the work: it held none of it, and has given no verdict in this round. */
export function notOwnWork({ task, claim, history, heldOfRound }: Situation): Condition {
  const { not_for: notFor = [], judged_by: judgedBy = [] } = reviewOf(task) ?? {};
  const holders = notFor.filter((name) => !judgedBy.includes(name));
  const events = lastOf(history, ['task.queued']);
  if (!isBarred(claim.agent, task)) {
    const says = `It reviews work of ${holders.join(', ')}; any other agent may claim it.`;
    if (heldOfRound === null) return met('not_own_work', says, events);
    const held = nameOf('task', heldOfRound);
    return {
      ...met('not_own_work', `${says} Agent ${claim.agent} holds ${held}, another review of this round.`, events),
      nextStep: `Agent ${claim.agent} gives one verdict in this round: let another agent with the role claim this one.`,
    };
  }
  if (hasJudged(claim.agent, task))
    return unmet('not_own_work', `${claim.agent} gave its verdict in this round, and each agent gives one.`, {
      nextStep: 'Let another agent with the role claim it.',
      events: lastOf(history, ['task.reviewer_excluded']),
    });
  return unmet('not_own_work', `It reviews work that ${claim.agent} held, and no agent reviews its own work.`, {
    nextStep: 'Let another agent with the role claim it.',
    events,
  });
}

/** Another review of the round that the agent holds: of the two it can judge one. Each has a session of its own. */
export async function heldOfRound(reader: Reader, task: Task, agent: string | undefined): Promise<Task | null> {
  const of = reviewOf(task);
  const work = of === null || agent === undefined ? null : await reader.task(task.namespace, of.task_id);
  for (const id of work === null ? [] : openReviewsOf(work)) {
    const found = id === task.id ? null : await reader.session(task.namespace, id);
    if (found?.session.agent === agent) return reader.task(task.namespace, id);
  }
  return null;
}
