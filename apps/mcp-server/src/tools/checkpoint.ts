import type { Json } from '@agent-orchestrator/core';
import { isoSeconds } from '@agent-orchestrator/runtime';
import { z } from 'zod';
import { HeldTask } from '../leases/held-task.ts';
import { cancelNotice } from '../leases/held-tasks.ts';
import { refused, said } from '../text/answer.ts';
import { anyJson, defineTool, ofTask } from './tool.ts';

export const checkpoint = defineTool({
  name: 'checkpoint',
  description: 'Save where you are: the next session continues there. Replaces the last one.',
  loadAtOnce: true,
  input: z.strictObject({
    task: ofTask,
    next_action: z.string().optional(),
    last_action: z.string().optional(),
    memory_ref: z.string().optional().describe('file, commit or URL with the rest'),
    data: anyJson.optional(),
  }),

  async run(
    { task, next_action: nextAction, last_action: lastAction, memory_ref: memoryRef, data },
    context,
    { ended },
  ) {
    const held = context.held.find(task);
    if (!(held instanceof HeldTask)) return held;
    const call = {
      ...(nextAction !== undefined && { nextAction }),
      ...(lastAction !== undefined && { lastAction }),
      ...(memoryRef !== undefined && { memoryRef }),
      ...(data !== undefined && { data: data as Json }),
    };
    const reply = await context.store.send(
      'existing',
      (orchestrator, commandId) => held.checkpoint(orchestrator, { ...call, commandId }),
      ended,
    );
    if (!reply.ok) {
      if (reply.reason === 'turn_behind') return refused(`A later checkpoint of ${held.name} exists. Next: resume.`);
      const lost = context.held.lose(held, reply);
      context.held.forgetNotice(held);
      return refused(`${lost} Nothing was saved. Next: stop that work, then ${context.held.next}.`);
    }
    const saved = `Saved as checkpoint ${reply.turn} of ${held.name}.`;
    context.held.forgetNotice(held);
    if (reply.cancelRequested) return said(cancelNotice(held.name), saved);
    return said(`${saved} You hold it until ${isoSeconds(reply.expiresAt)}. Next: continue, or release_task.`);
  },
});
