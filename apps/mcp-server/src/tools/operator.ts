/** What an operator may do with the work of others. Off by default. */
import type { Recovered } from '@agent-orchestrator/core';
import { counted, findDeadHolders, isoSeconds, numberOf } from '@agent-orchestrator/runtime';
import { z } from 'zod';
import { refused, said } from '../text/answer.ts';
import { short } from '../text/stored-parts.ts';
import { defineTool, type Tool } from './tool.ts';

const task = z.string().describe('t42');

const staleRecovery = defineTool({
  name: 'stale_recovery',
  description: 'End the leases of stale and dead holders, and queue their tasks again.',
  input: z.strictObject({}),

  async run(_input, { store, agent, instance }, { ended }) {
    const recovered: Recovered[] = [];
    for (let more = true; more;) {
      const reply = await store.send(
        'existing',
        async (orchestrator, commandId) => {
          const evidence = [...(await findDeadHolders(orchestrator))];
          return orchestrator.staleRecovery({ agent, instance, evidence, commandId });
        },
        ended,
      );
      recovered.push(...reply.recovered);
      more = reply.more && reply.recovered.length > 0;
    }
    if (recovered.length === 0) return said('No session is stale, and no holder is proved dead.');
    const lines = await store.use('existing', (orchestrator) =>
      Promise.all(
        recovered.map(async ({ taskId, from, reason, outcome }) => {
          const found = await orchestrator.getTask(taskId);
          return `${found === null ? 'a task' : numberOf('task', found)} of ${from.agent} (${reason}): ${outcome}.`;
        }),
      ),
    );
    return said(`${counted(recovered.length, 'lease')} ended.`, ...lines);
  },
});

const cancelTask = defineTool({
  name: 'cancel_task',
  description: 'Cancel a waiting task, or ask the holder of a running one to stop.',
  humanOnly: true,
  input: z.strictObject({ task }),

  async run({ task: taskId }, { store }, { ended }) {
    const send = { taskId };
    const reply = await store.send('existing', (one, commandId) => one.cancelTask({ ...send, commandId }), ended);
    if (reply.ok)
      return said(reply.status === 'running' ? 'Its holder was asked to stop.' : `${short(taskId)} is cancelled.`);
    switch (reply.reason) {
      case 'not_found':
        return refused(noTask(taskId));
      case 'ended':
        return refused(`It has ended already: ${reply.status}.`);
      case 'open_review':
        return refused(openReview(reply.reviewed));
    }
  },
});

const retryTask = defineTool({
  name: 'retry_task',
  description: 'Queue a failed or cancelled task again, with new counters.',
  input: z.strictObject({ task }),

  async run({ task: taskId }, { store }, { ended }) {
    const reply = await store.send('existing', (one, commandId) => one.retryTask({ taskId, commandId }), ended);
    if (reply.ok) return said(`${numberOf('task', reply.task)} is queued again.`);
    switch (reply.reason) {
      case 'not_found':
        return refused(noTask(taskId));
      case 'review_over':
        return refused(`It reviewed ${short(reply.reviewed)}, whose review is over. Next: retry that task.`);
      case 'duplicate':
        return refused(`${numberOf('task', reply.task)} has its dedupe key now. Next: cancel one of the two.`);
      case 'succeeded':
      case 'not_ended':
        return refused(`It is ${reply.status}: only a failed or cancelled task can be queued again.`);
    }
  },
});

const closeSession = defineTool({
  name: 'close_session',
  description: 'Close a session that no agent holds.',
  humanOnly: true,
  input: z.strictObject({
    session: z.string().describe('s17, or t42 for that of a task'),
    cancel_tasks: z.boolean().optional().describe('cancel what waits in it'),
  }),

  async run({ session: sessionId, cancel_tasks: cancelTasks = false }, { store }, { ended }) {
    const call = { sessionId, cancelTasks };
    const reply = await store.send('existing', (one, commandId) => one.closeSession({ ...call, commandId }), ended);
    if (reply.ok) return said(`${short(sessionId)} is closed; ${counted(reply.cancelled, 'task')} cancelled.`);
    switch (reply.reason) {
      case 'not_found':
        return refused(`There is no session ${short(sessionId)}. Next: name one, such as s17.`);
      case 'busy':
        return refused(
          `${reply.heldBy.agent} holds it until ${isoSeconds(reply.until)}. Next: close it when it is free.`,
        );
      case 'open_review':
        return refused(openReview(reply.reviewed));
      case 'not_empty':
        return refused(`It has ${counted(reply.waiting, 'waiting task')}. Next: cancel_tasks, if a person says so.`);
    }
  },
});

export const OPERATOR_TOOLS: readonly Tool[] = [staleRecovery, cancelTask, retryTask, closeSession];

function openReview(reviewed: string): string {
  return `A task in review is open on it: ${short(reviewed)}. Next: cancel that task, or have it reviewed.`;
}

function noTask(task: string): string {
  return `There is no task ${short(task)}. Next: task_status without task counts what there is.`;
}
