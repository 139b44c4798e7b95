import { setTimeout as pause } from 'node:timers/promises';
import type { Orchestrator, SessionRecord } from '@agent-orchestrator/core';
import { readResume, type ResumeFacts, type SessionFacts } from '@agent-orchestrator/runtime';
import { z } from 'zod';
import type { ToolContext } from '../context.ts';
import { claim, type Claiming } from '../leases/claim.ts';
import { HeldTask } from '../leases/held-task.ts';
import { isLeftByServer } from '../leases/server-run.ts';
import { said, type Answer } from '../text/answer.ts';
import { busyLine } from '../text/claim-refusals.ts';
import { claimedAnswer, heldLine } from '../text/held.ts';
import { isHostEndedNote } from '../text/host-ended.ts';
import { workLines } from '../text/stored.ts';
import { defineTool, type ToolCall } from './tool.ts';

export const resume = defineTool({
  name: 'resume',
  description:
    'What you hold, with its last checkpoint. If nothing: takes back what an earlier session of yours held. ' +
    'Call it first, and after your context was cut.',
  loadAtOnce: true,
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

/** The sessions that an earlier session of this agent held and did not end itself. Not new work. */
function leftBehind({ agent, session, alsoHeld }: ResumeFacts): string[] {
  const also = alsoHeld.map(({ sessionId }) => sessionId);
  if (session === null || agent === null) return also;
  const isLeft = session.holder === null ? isInterrupted(agent, session) : session.holder.agent === agent;
  return isLeft ? [session.id, ...also] : also;
}

/** Whether the last lease of the agent ended without a word of it, and its task is the next one of the session. */
function isInterrupted(agent: string, { tenure, task, queue }: SessionFacts): boolean {
  if (task === null || queue[0]?.id !== task.id) return false;
  const ended = tenure?.ended ?? null;
  if (ended?.type === 'task.released') return isHostEndedNote(agent, ended.note);
  return ended?.type === 'task.recovered';
}

/** The longest wait for a server that was killed: hosts give a call about a minute. */
const WAIT_MAX_MS = 45_000;

/**
 * Takes a session back. While another run of the agent may be alive, the session stays with it until that run was
 * silent for half the TTL. If that run was an earlier server of this very host, which was killed, the call waits.
 */
async function takeBack(sessionId: string, context: ToolContext, { ended }: ToolCall): Promise<Claiming> {
  const before = await silence(sessionId, context);
  // The rule gives a session without a process to any run of the same name. Two hosts have the same one by default.
  if (before?.held.pid === null && before.inMs > 0) return mayBeAlive(before.held);
  const terms = { sessionId, resume: true };
  const claimed = await claim(context, terms, ended);
  if (claimed instanceof HeldTask || claimed.reason !== 'busy' || claimed.why !== 'previous_alive') return claimed;
  const now = await silence(sessionId, context);
  if (now === null || !isLeftByServer(now.held) || now.inMs > WAIT_MAX_MS) return claimed;
  await pause(Math.max(0, now.inMs), undefined, { signal: ended }).catch(() => {});
  return ended.aborted ? claimed : claim(context, terms, ended);
}

/** How soon the holder of a session was silent for half its TTL; null: no agent holds it. */
async function silence(
  sessionId: string,
  { store }: ToolContext,
): Promise<{ readonly held: SessionRecord; readonly inMs: number } | null> {
  return store.use('existing', async (orchestrator) => {
    const held = await orchestrator.getSession(sessionId);
    if (held === null || held.heartbeatAt === null || held.ttlMs === null) return null;
    // A moment more than the rule asks for: both times are whole milliseconds.
    return { held, inMs: held.heartbeatAt + held.ttlMs / 2 - (await orchestrator.now()) + 1 };
  });
}

function mayBeAlive({ id: sessionId, agent, instance, leaseExpiresAt }: SessionRecord): Claiming {
  const heldBy = { agent: agent ?? '', instance };
  return { ok: false, reason: 'busy', why: 'previous_alive', sessionId, heldBy, until: leaseExpiresAt ?? 0 };
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
  return said(`You hold no task, and there is none to take back.${first} Next: claim_task.`);
}
