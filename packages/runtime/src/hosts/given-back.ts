import { LIMITS, type Orchestrator } from '@agent-orchestrator/core';
import { durationText } from '../text/duration.ts';
import type { HeldLease } from './holdings.ts';

/** Why a program of ours gives a task back, not the agent itself. */
export type GivenBackWhy =
  | { readonly why: 'host_ended' }
  | { readonly why: 'session_ended' }
  | { readonly why: 'no_progress'; readonly idleMs: number };

const KEPT = 'Its last checkpoint, if any, is kept.';
const BEFORE = ' Note before: ';

/** The note of a task that is given back. A task has one: that of an earlier holder is kept in it. */
function givenBackNote(agent: string, why: GivenBackWhy, before: string | null): string {
  const note = `${sentence(agent, why)} ${KEPT}`;
  const kept = before !== null && isGivenBackNote(agent, before) ? before.split(BEFORE).slice(1).join(BEFORE) : before;
  if (kept === null || kept === '') return note;
  return `${note}${BEFORE}${kept}`.slice(0, LIMITS.text_characters_max).toWellFormed();
}

/** Whether a program gave the task back for the agent: then a later session of the agent takes it back. */
export function isGivenBackNote(agent: string, note: string | null): boolean {
  if (note === null) return false;
  return BEGINNINGS.some((beginning) => note.startsWith(beginning(agent)));
}

const BEGINNINGS: readonly ((agent: string) => string)[] = [
  (agent) => `The host of ${agent} ended before the task was done.`,
  (agent) => `A session of ${agent} ended before the task was done.`,
  (agent) => `The host of ${agent} showed no progress for `,
];

function sentence(agent: string, given: GivenBackWhy): string {
  switch (given.why) {
    case 'host_ended':
      return `The host of ${agent} ended before the task was done.`;
    case 'session_ended':
      return `A session of ${agent} ended before the task was done.`;
    case 'no_progress':
      return `The host of ${agent} showed no progress for ${durationText(given.idleMs)}.`;
  }
}

/**
 * Gives leases back in one unit of work, each with its note. No attempt is charged, the session keeps its checkpoint,
 * and the next session of the agent finds the tasks by `resume`. A lease that was lost meanwhile is left out.
 *
 * @throws what `releaseTasks` throws
 */
export async function giveBack(
  orchestrator: Pick<Orchestrator, 'releaseTasks'>,
  leases: readonly HeldLease[],
  why: GivenBackWhy,
  { commandId }: { readonly commandId?: string | undefined } = {},
): Promise<void> {
  if (leases.length === 0) return;
  const items = leases.map(({ token, instance, agent, note }) => ({
    token,
    ...(instance !== null && { instance }),
    outcome: 'released' as const,
    note: givenBackNote(agent, why, note),
  }));
  await orchestrator.releaseTasks(items, commandId === undefined ? {} : { commandId });
}
