import { isoSeconds } from '@agent-orchestrator/runtime';
import type { ToolContext } from '../context.ts';
import type { HeldTask } from '../leases/held-task.ts';
import { cancelNotice } from '../leases/held-tasks.ts';
import { listed, said, type Answer } from './answer.ts';
import { workLines } from './stored.ts';

/** A task that was claimed just now: what is held, until when, what next; then the work itself. */
export async function claimedAnswer(held: HeldTask, context: ToolContext, ended: AbortSignal): Promise<Answer> {
  const { task, context: saved, takeover } = held.claim;
  const lines = await context.store
    .use('existing', (orchestrator) => workLines(orchestrator, task, saved))
    .catch((error: unknown) => {
      // The task is held all the same.
      held.isTold = false;
      throw error;
    });
  held.isTold = !ended.aborted;
  const from = takeover === null ? [] : [`Taken over from ${takeover.from.agent} (${takeover.reason}).`];
  return said(heldLine(held, context), ...from, attemptLine(held), ...lines);
}

/** The first line about a task that is held. */
export function heldLine(task: HeldTask, { held }: ToolContext): string {
  const until = `You hold ${task.name} until ${isoSeconds(task.expiresAt)}; this server renews it.`;
  if (task.cancelRequested) return `${until} ${cancelNotice(task.name)}`;
  const name = held.mustName ? ` You hold ${listed(held.names)}: name one in each call (task: "${task.name}").` : '';
  return `${until}${name} Next: work, checkpoint after each step, then release_task.`;
}

function attemptLine({ name, claim: { task } }: HeldTask): string {
  return `${name}: kind ${task.kind}, attempt ${task.attempt} of ${task.attemptsMax}.`;
}
