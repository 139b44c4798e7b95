import { setTimeout as pause } from 'node:timers/promises';
import type { Orchestrator, SessionRecord } from '@agent-orchestrator/core';
import {
  isBeingJudged,
  numberOf,
  readResume,
  readStillRunning,
  silentFrom,
  type ResumeFacts,
} from '@agent-orchestrator/runtime';
import { z } from 'zod';
import type { ToolContext } from '../context.ts';
import { claim, type Claiming } from '../leases/claim.ts';
import { leftBehind } from '../leases/left-behind.ts';
import { isLeftByServer } from '../leases/server-run.ts';
import { listed, said, type Answer } from '../text/answer.ts';
import { busyLine, type Busy } from '../text/claim-refusals.ts';
import { claimedAnswer, heldPart, moreHeldLine } from '../text/held.ts';
import { short } from '../text/stored-parts.ts';
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
    const { facts, sessions } = await store.use('existing', async (orchestrator) => {
      const { agent, roles } = context;
      const { facts } = await readResume(orchestrator, { agent, roles });
      return { facts, sessions: facts === null ? [] : await leftBehind(orchestrator, facts) };
    });
    const claims: Claiming[] = [];
    for (const sessionId of sessions) claims.push(await takeBack(sessionId, context, call));
    return answerTo(claims, facts, context, call);
  },
});

/** How many tasks are shown with all that is known of them. */
const SHOWN_MAX = 3;

async function present(orchestrator: Orchestrator, context: ToolContext, { ended }: ToolCall): Promise<Answer> {
  const { all } = context.held;
  const parts: string[] = [];
  for (const held of all.slice(0, SHOWN_MAX)) parts.push(...(await heldPart(orchestrator, held, context, ended)));
  return said(...parts, ...moreHeldLine(all.slice(SHOWN_MAX)));
}

/** The keeper of a host that has ended gives the task back, or says what lives on, within so many milliseconds. */
const JUDGED_WITHIN_MS = 1_000;
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
  if (before !== null && isJudged(before.held))
    await pause(JUDGED_WITHIN_MS, undefined, { signal: ended }).catch(() => {});
  const terms = { sessionId, resume: true };
  const claimed = await claim(context, terms, ended);
  if (claimed.ok || claimed.reason !== 'busy' || claimed.why !== 'previous_alive') return claimed;
  const now = await silence(sessionId, context);
  if (now === null || !isLeftByServer(now.held, context.host) || now.inMs > WAIT_MAX_MS) return claimed;
  await pause(Math.max(0, now.inMs), undefined, { signal: ended }).catch(() => {});
  return ended.aborted ? claimed : claim(context, terms, ended);
}

function isJudged({ pid, processStart: start }: SessionRecord): boolean {
  return pid !== null && start !== null && isBeingJudged({ pid, start });
}

/** How soon the holder of a session was silent for half its TTL; null: no agent holds it. */
async function silence(
  sessionId: string,
  { store }: ToolContext,
): Promise<{ readonly held: SessionRecord; readonly inMs: number } | null> {
  return store.use('existing', async (orchestrator) => {
    const held = await orchestrator.getSession(sessionId);
    if (held === null) return null;
    const { heartbeatAt, ttlMs } = held;
    if (heartbeatAt === null || ttlMs === null) return null;
    // A moment more than the rule asks for: both times are whole milliseconds.
    return { held, inMs: silentFrom({ heartbeatAt, ttlMs }) - (await orchestrator.now()) + 1 };
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
  const taken = claims.filter((one) => one.ok);
  const answers = await Promise.all(taken.slice(0, SHOWN_MAX).map((one) => claimedAnswer(one, context, ended)));
  const more = taken.slice(SHOWN_MAX).map(({ held }) => held);
  for (const held of more) held.isTold = !ended.aborted;
  const lines = [...answers.flatMap((answer) => answer.lines), ...moreHeldLine(more)];
  const busy = claims.filter((one) => !one.ok && one.reason === 'busy');
  const shown = await Promise.all(busy.slice(0, SHOWN_MAX).map((one) => leftLine(one, context)));
  if (busy.length > SHOWN_MAX) shown.push(`So it is with ${busy.length - SHOWN_MAX} more.`);
  if (lines.length > 0 || shown.length > 0) return said(...lines, ...shown);
  const waiting = facts?.waitingFor.length ?? 0;
  const first =
    waiting === 0 ? '' : ` ${waiting === 1 ? 'A task waits' : `${waiting} tasks wait`} for you by name or role.`;
  return said(`You hold no task, and there is none to take back.${first} Next: claim_task.`);
}

/** Why a session stays with an earlier run of the agent. */
async function leftLine(busy: Busy, { agent, store }: ToolContext): Promise<string> {
  const line = busyLine(busy, agent);
  const left = await store.use('existing', async (orchestrator) => {
    const session = await orchestrator.getSession(busy.sessionId);
    const taskId = session?.taskId ?? null;
    const task = taskId === null ? null : await orchestrator.getTask(taskId);
    return { task, progress: session?.progress };
  });
  const running = readStillRunning(left.progress);
  if (left.task === null || running === null) return line;
  const named = running.named.map(({ pid, program }) => short(`${program} (${pid})`));
  const what = [...named, ...(running.more > 0 ? [`${running.more} more`] : [])];
  const is = what.length > 1 || running.more > 1 ? 'are' : 'is';
  return `Your host of ${numberOf('task', left.task)} has ended, but ${listed(what)} ${is} still running. ${line}`;
}
