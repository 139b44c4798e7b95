import type { ClaimRefusal, OrchestratorReads } from '@agent-orchestrator/core';
import { counted, isoSeconds, numberOf } from '@agent-orchestrator/runtime';
import type { ToolContext } from '../context.ts';
import { refused, said, type Answer } from './answer.ts';
import { short } from './stored-parts.ts';

/** Why nothing was claimed. That there is no work is an answer, not an error; a session that is held is a refusal. */
export async function notClaimed(
  refusal: ClaimRefusal,
  { session, kind }: { readonly session?: string | undefined; readonly kind?: string | undefined },
  { agent, roles, store, held }: ToolContext,
): Promise<Answer> {
  switch (refusal.reason) {
    case 'not_found':
      return refused(`There is no session or task ${short(session ?? '')}. Next: claim_task without session.`);
    case 'busy': {
      // Under its own name, which a model may not know, it would look like the task of another.
      const mine = held.all.find(({ lease }) => lease.sessionId === refusal.sessionId);
      if (mine !== undefined) return refused(`You hold ${mine.name} of this session already. Next: resume shows it.`);
      return refused(busyLine(refusal, agent));
    }
    case 'review_own_work':
      return refused('The next task there reviews work that you held. Next: claim_task without session.');
    case 'review_twice':
      return refused('You gave your verdict in that round of reviews. Next: claim_task without session.');
    case 'agent_unregistered':
      return refused(`Only registered agents may claim here, and ${agent} is not. Next: ask a person to register it.`);
    case 'agent_draining':
    case 'agent_retired':
      return refused(
        `${agent} may claim nothing more: it is ${refusal.reason.slice('agent_'.length)}. Next: end what it holds.`,
      );
    case 'no_task': {
      const { nextDueAt } = refusal;
      const due = nextDueAt === null ? '' : ` The next is due at ${isoSeconds(nextDueAt)}.`;
      const asked = { roles: [...roles], ...(kind !== undefined && { kinds: [kind] }) };
      const others = await store.use('existing', (orchestrator) => obstacles(orchestrator, agent, asked));
      const next = held.names.length === 0 ? 'other work, or claim_task later' : held.next;
      return said(`No task waits for ${agent} now.${due} Next: ${next}.`, ...others);
    }
  }
}

/** The session is held. */
export type Busy = Extract<ClaimRefusal, { reason: 'busy' }>;

/** @param agent who asks: what another run of its own holds is taken back by `resume` */
export function busyLine({ why, heldBy, until }: Busy, agent: string): string {
  const at = isoSeconds(until);
  if (why === 'held' && heldBy.agent !== agent)
    return `${heldBy.agent} holds this session until ${at}. Next: claim_task without session, or later.`;
  const next = why === 'held' ? 'resume takes it back if that session is gone' : 'resume a minute later';
  return (
    `An earlier session of yours (${heldBy.agent}) holds this and may be alive, until ${at}. ` +
    `Next: ${next}, or claim_task without session.`
  );
}

/** What waits, but not for this claim: so that no work is not taken for a store without tasks. */
async function obstacles(
  reads: Pick<OrchestratorReads, 'whyAgent' | 'getTask'>,
  agent: string,
  asked: { readonly roles: string[]; readonly kinds?: string[] },
): Promise<string[]> {
  const why = await reads.whyAgent(agent, asked);
  return Promise.all(
    why.obstacles.map(async ({ condition, count, taskId }) => {
      const task = await reads.getTask(taskId);
      const example = task === null ? '' : `, such as ${numberOf('task', task)}`;
      return `Not for this claim: ${counted(count, 'queued task')} (${condition ?? 'not stale yet'}${example}).`;
    }),
  );
}
