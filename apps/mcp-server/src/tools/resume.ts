import { setTimeout as pause } from 'node:timers/promises';
import type { Orchestrator, SessionRecord } from '@agent-orchestrator/core';
import { hostProcess, isEnded, readResume, type ResumeFacts } from '@agent-orchestrator/runtime';
import { z } from 'zod';
import type { ToolContext } from '../context.ts';
import { claim, type Claiming } from '../leases/claim.ts';
import { HeldTask } from '../leases/held-task.ts';
import { said, type Answer } from '../text/answer.ts';
import { busyLine } from '../text/claim-refusals.ts';
import { claimedAnswer, heldLine } from '../text/held.ts';
import { workLines } from '../text/stored.ts';
import { defineTool, type ToolCall } from './tool.ts';

export const resume = defineTool({
  name: 'resume',
  description:
    'What you hold, with its last checkpoint. If nothing: takes back what an earlier session of yours held. ' +
    'Call it first, and after your context was cut.',
  input: z.strictObject({}),

  async run(_input, context, call) {
    const { held, store } = context;
    if (held.all.length > 0) return store.use('existing', (orchestrator) => present(orchestrator, context, call));
    const facts = await store.use('existing', async (orchestrator) => {
      const { agent, roles } = context;
      return (await readResume(orchestrator, { agent, roles })).facts;
    });
    const sessions = facts === null ? [] : leftBehind(facts);
    const claims: Claiming[] = [];
    for (const sessionId of sessions) claims.push(await takeBack(sessionId, context, call));
    return answerTo(claims, facts, context, call);
  },
});

/** What is held now, as the store has it: after its context was cut, a model knows nothing of it any more. */
async function present(orchestrator: Orchestrator, context: ToolContext, { ended }: ToolCall): Promise<Answer> {
  const parts: string[] = [];
  for (const held of context.held.all) {
    const { task } = held.claim;
    const session = await orchestrator.getSession(task.sessionId);
    parts.push(heldLine(held, context), ...(await workLines(orchestrator, task, session?.context ?? null)));
    held.isTold = !ended.aborted;
  }
  return said(...parts);
}

/** The sessions that an earlier session of this agent held, or gave back with its task open. Not new work. */
function leftBehind({ agent, session, alsoHeld }: ResumeFacts): string[] {
  const also = alsoHeld.map(({ sessionId }) => sessionId);
  if (session === null) return also;
  const { holder, task, queue } = session;
  const isLeft =
    holder === null ? task !== null && !isEnded(task.status) && queue[0]?.id === task.id : holder.agent === agent;
  return isLeft ? [session.id, ...also] : also;
}

/** The longest wait for an earlier server of the same host: hosts give a call about a minute. */
const WAIT_MAX_MS = 45_000;

/**
 * Takes a session back. An earlier run of the agent that may be alive keeps it until it was silent for half the TTL. If
 * that run served this very host, its server is gone or hangs, and the call waits for that.
 */
async function takeBack(sessionId: string, context: ToolContext, { ended }: ToolCall): Promise<Claiming> {
  const terms = { sessionId, resume: true };
  const claimed = await claim(context, terms, ended);
  if (claimed instanceof HeldTask || claimed.reason !== 'busy' || claimed.why !== 'previous_alive') return claimed;
  const waitMs = await context.store.use('existing', async (orchestrator) => {
    const session = await orchestrator.getSession(sessionId);
    return session === null || !isOfThisHost(session) ? null : silentInMs(session, await orchestrator.now());
  });
  if (waitMs === null || waitMs > WAIT_MAX_MS) return claimed;
  await pause(Math.max(0, waitMs), undefined, { signal: ended }).catch(() => {});
  return claim(context, terms, ended);
}

function isOfThisHost({ host, boot, pid, processStart }: SessionRecord): boolean {
  const here = hostProcess();
  return here !== null && here.host === host && here.boot === boot && here.pid === pid && here.start === processStart;
}

/** A moment more than the rule asks for: both times are whole milliseconds. */
function silentInMs({ heartbeatAt, ttlMs }: SessionRecord, now: number): number {
  return (heartbeatAt ?? 0) + (ttlMs ?? 0) / 2 - now + 1;
}

async function answerTo(
  claims: readonly Claiming[],
  facts: ResumeFacts | null,
  context: ToolContext,
  { ended }: ToolCall,
): Promise<Answer> {
  const taken = claims.filter((one) => one instanceof HeldTask);
  const answers = await Promise.all(taken.map((held) => claimedAnswer(held, context, ended)));
  const lines = answers.flatMap((answer) => answer.lines);
  const busy = claims.flatMap((one) => (one instanceof HeldTask || one.reason !== 'busy' ? [] : [busyLine(one)]));
  if (lines.length > 0 || busy.length > 0) return said(...lines, ...busy);
  const waiting = facts?.waitingFor.length ?? 0;
  const first =
    waiting === 0 ? '' : ` ${waiting === 1 ? 'A task waits' : `${waiting} tasks wait`} for you by name or role.`;
  return said(`You hold no task, and none of yours is left open.${first} Next: claim_task.`);
}
