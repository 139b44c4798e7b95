import type { Orchestrator } from '@agent-orchestrator/core';
import { isGivenBackNote, type ResumeFacts, type SessionFacts } from '@agent-orchestrator/runtime';

/** A keeper gives back all that a host holds in one unit of work: so many events around that of one task are read. */
const EVENTS_AROUND = 120;

/** The sessions that an earlier session of this agent held and did not end itself, the last one first. Not new work. */
export async function leftBehind(
  orchestrator: Pick<Orchestrator, 'listEvents' | 'getTask'>,
  { agent, session, alsoHeld }: ResumeFacts,
): Promise<string[]> {
  const also = alsoHeld.map(({ sessionId }) => sessionId);
  if (session === null || agent === null) return also;
  const isLeft = session.holder === null ? isInterrupted(agent, session) : session.holder.agent === agent;
  const left = isLeft ? [session.id, ...also] : also;
  const ended = session.tenure?.ended ?? null;
  if (ended === null || !isGivenBackNote(agent, ended.note)) return left;
  return [...new Set([...left, ...(await givenBackAround(orchestrator, agent, ended.id))])];
}

/** Whether the last lease of the agent ended without a word of it, and its task is the next one of the session. */
function isInterrupted(agent: string, { tenure, task, queue }: SessionFacts): boolean {
  if (task === null || queue[0]?.id !== task.id) return false;
  const ended = tenure?.ended ?? null;
  if (ended?.type === 'task.released') return isGivenBackNote(agent, ended.note);
  return ended?.type === 'task.recovered';
}

/** The sessions of other tasks that were given back together with one, and that no agent took since. */
async function givenBackAround(
  orchestrator: Pick<Orchestrator, 'listEvents' | 'getTask'>,
  agent: string,
  eventId: number,
): Promise<string[]> {
  const after = String(Math.max(0, eventId - EVENTS_AROUND / 2));
  const { items } = await orchestrator.listEvents({ after, limit: EVENTS_AROUND });
  const released = items.filter((event) => event.type === 'task.released' && event.agent === agent);
  const tasks = await Promise.all(released.map(async ({ taskId }) => (taskId ? orchestrator.getTask(taskId) : null)));
  const waiting = tasks.filter((task) => task?.status === 'queued' && isGivenBackNote(agent, task.note));
  return waiting.flatMap((task) => task?.sessionId ?? []);
}
