import type { Orchestrator } from '@agent-orchestrator/core';
import { isoSeconds } from '@agent-orchestrator/runtime';
import { durationText } from '@agent-orchestrator/runtime/duration';
import type { ToolContext } from '../context.ts';
import type { Granted } from '../leases/claim.ts';
import type { HeldTask } from '../leases/held-task.ts';
import { cancelNotice } from '../leases/held-tasks.ts';
import { listed, said, type Answer } from './answer.ts';
import { workLines } from './stored.ts';

/** A task that was claimed just now: what is held, until when, what next; then the work itself. */
export async function claimedAnswer(
  { held, claim }: Granted,
  context: ToolContext,
  ended: AbortSignal,
): Promise<Answer> {
  const { task, context: saved, takeover } = claim;
  const lines = await context.store.use('existing', (orchestrator) => workLines(orchestrator, task, saved));
  held.isTold = !ended.aborted;
  const from = takeover === null ? [] : [`Taken over from ${takeover.from.agent} (${takeover.reason}).`];
  return said(heldLine(held, context), ...from, attemptLine(held), ...lines);
}

/** A task that is held, as the store has it now: after its context was cut, a model knows nothing of it any more. */
export async function heldPart(
  orchestrator: Orchestrator,
  held: HeldTask,
  context: ToolContext,
  ended: AbortSignal,
): Promise<readonly string[]> {
  const { taskId, sessionId } = held.lease;
  const [task, session] = [await orchestrator.getTask(taskId), await orchestrator.getSession(sessionId)];
  const work = task === null ? [] : await workLines(orchestrator, task, session?.context ?? null);
  held.isTold = !ended.aborted;
  return [heldLine(held, context), ...work];
}

/** The first line about a task that is held. */
export function heldLine(task: HeldTask, { held, parkAfterMs }: ToolContext): string {
  const until = `You hold ${task.name} until ${isoSeconds(task.expiresAt)}`;
  if (task.cancelRequested) return `${until}. ${cancelNotice(task.name)}`;
  const kept = `${until}; it is renewed, and parked after ${durationText(parkAfterMs)} without progress.`;
  const all = held.names.length > 1 ? ` You hold ${listed(held.names)}:` : ' From now on';
  const name = held.mustName ? `${all} name one in each call (task: "${task.name}").` : '';
  return `${kept}${name} Next: ${task.lease.round === null ? WORK : JUDGE}.`;
}

const WORK = 'work, checkpoint after each step, then release_task';
const JUDGE = 'look at the work, then release_task with outcome approved, or changes_requested and a note';

/** Of more tasks than are shown. */
export function moreHeldLine(more: readonly HeldTask[]): readonly string[] {
  return more.length === 0 ? [] : [`You also hold ${listed(more.map(({ name }) => name))}: task_status shows each.`];
}

function attemptLine({ name, lease: { kind, attempt, attemptsMax } }: HeldTask): string {
  return `${name}: kind ${kind}, attempt ${attempt} of ${attemptsMax}.`;
}
