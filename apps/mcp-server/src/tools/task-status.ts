import type { Condition, Orchestrator, WhyTask } from '@agent-orchestrator/core';
import { findDeadHolders, isEnded, isoSeconds, numberOf, quoted, TASK_STATUS_NAMES } from '@agent-orchestrator/runtime';
import { z } from 'zod';
import type { ToolContext } from '../context.ts';
import { refused, said, type Answer } from '../text/answer.ts';
import { heldLine, moreHeldLine } from '../text/held.ts';
import { recordLines } from '../text/stored.ts';
import { short } from '../text/stored-parts.ts';
import { defineTool } from './tool.ts';

export const taskStatus = defineTool({
  name: 'task_status',
  description: 'What a task is, and why it can or cannot be claimed. Without task: what you hold, what is open.',
  readOnly: true,
  input: z.strictObject({ task: z.string().optional().describe('t42') }),

  async run({ task }, context) {
    return context.store.use('existing', (orchestrator) =>
      task === undefined ? overview(orchestrator, context) : about(orchestrator, task, context),
    );
  },
});

/** How many of the tasks that are held have a line of their own. */
const SHOWN_MAX = 3;

async function overview(orchestrator: Orchestrator, context: ToolContext): Promise<Answer> {
  const { tasks } = await orchestrator.counts();
  const open = TASK_STATUS_NAMES.filter((status) => !isEnded(status)).map((status) => `${tasks[status]} ${status}`);
  const all = `All agents: ${open.join(', ')}; ${tasks.failed} failed for good.`;
  const { all: held } = context.held;
  if (held.length === 0) return said(`You hold no task. Next: resume, or claim_task.`, all);
  const shown = held.slice(0, SHOWN_MAX).map((one) => heldLine(one, context));
  return said(...shown, ...moreHeldLine(held.slice(SHOWN_MAX)), all);
}

/** A sentence of the orchestrator can name ids, which people choose. */
const SAYS_BYTES_MAX = 400;

async function about(orchestrator: Orchestrator, id: string, context: ToolContext): Promise<Answer> {
  const why = await explained(orchestrator, id, context);
  const task = await orchestrator.getTask(id);
  if (why === null || task === null) return refused(`There is no task ${short(id)}. Next: task_status without task.`);
  const work = await recordLines(orchestrator, task);
  const unmet = why.claimable || isEnded(task.status) ? [] : why.conditions.filter(({ holds }) => !holds);
  return said(statusLine(why, context), ...unmet.map(conditionLine), ...work);
}

/** As a claim would find it: the session of a holder that is proved dead can be claimed at once. */
async function explained(
  orchestrator: Orchestrator,
  id: string,
  { agent, roles }: ToolContext,
): Promise<WhyTask | null> {
  const claimant = { agent, roles };
  const why = await orchestrator.whyTask(id, claimant);
  if (why === null || why.claimable || why.holder === null) return why;
  const { sessionId } = why.holder;
  const evidence = await findDeadHolders(orchestrator, { sessionId });
  return evidence.length === 0 ? why : orchestrator.whyTask(id, { ...claimant, evidence });
}

function statusLine({ task, holder, claimable }: WhyTask, { held, agent }: ToolContext): string {
  const name = numberOf('task', task);
  const state = `${name} is ${task.status}.`;
  if (isEnded(task.status)) return state;
  const mine = held.all.find((one) => one.name === name);
  if (mine !== undefined) return `${state} You hold it until ${isoSeconds(mine.expiresAt)}.`;
  if (claimable) return `${state} ${agent} can claim it. Next: claim_task session ${name}.`;
  const by = holder === null ? '' : ` ${holder.agent} holds its session until ${isoSeconds(holder.expiresAt)}.`;
  return `${state}${by} You cannot claim it now; what is not met:`;
}

function conditionLine({ name, says }: Condition): string {
  return `${name}: ${quoted(says, SAYS_BYTES_MAX)}`;
}
