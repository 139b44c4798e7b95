import type { Json } from '@agent-orchestrator/core';
import { numberOf } from '@agent-orchestrator/runtime';
import { DURATION_HINT, durationMs } from '@agent-orchestrator/runtime/duration';
import { z } from 'zod';
import { refused, said } from '../text/answer.ts';
import { DATA_FOLLOWS } from '../text/stored.ts';
import { endLines } from '../text/stored-parts.ts';
import { anyJson, defineTool } from './tool.ts';

export const enqueueTask = defineTool({
  name: 'enqueue_task',
  description: 'Add a task for an agent.',
  input: z.strictObject({
    title: z.string(),
    payload: anyJson.optional(),
    kind: z.string().optional(),
    session: z.string().optional().describe('its tasks run in turn'),
    priority: z.int().optional().describe('0 first; default 5'),
    delay: z.string().optional().describe('30s, 8h'),
    dedupe_key: z.string().optional(),
    assignee: z.string().optional().describe('only this agent'),
    role: z.string().optional().describe('only this role'),
    depends_on: z.array(z.string()).optional(),
    review_role: z.string().optional(),
  }),

  async run({ session, delay, payload, ...fields }, context, { ended }) {
    const { dedupe_key: dedupeKey, depends_on: dependsOn, review_role: role, ...given } = fields;
    const delayMs = delay === undefined ? 0 : durationMs(delay);
    if (delayMs === null) return refused(`Refused: delay is not a duration. Next: ${DURATION_HINT}`);
    const task = {
      ...given,
      author: context.agent,
      delayMs,
      ...(session !== undefined && { sessionId: session }),
      ...(dedupeKey !== undefined && { dedupeKey }),
      ...(dependsOn !== undefined && { dependsOn }),
      ...(role !== undefined && { review: { role } }),
      ...(payload !== undefined && { payload: payload as Json }),
    };
    const reply = await context.store.send(
      'create',
      (orchestrator, commandId) => orchestrator.enqueueTask({ ...task, commandId }),
      ended,
    );
    const name = numberOf('task', reply.task);
    if (reply.outcome === 'enqueued') return said(`Added ${name}, ${reply.task.status}. ${context.held.holdingsLine}`);
    const ends = endLines(reply.task);
    const first = `Nothing was added: ${name} has this dedupe key; it is ${reply.task.status}.`;
    return ends.length === 0 ? said(first) : said(first, DATA_FOLLOWS, ...ends);
  },
});
