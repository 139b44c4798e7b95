import { addresseeName, isHandedOff, type HandedOffTask } from '../model/hand-off.ts';
import { isoSeconds } from '../model/moment.ts';
import type { Task } from '../model/task.ts';

/** What is to be said of the hand-off of a task, after another sentence; `''` if it was not handed off. */
export function handOffOf(task: Task): string {
  return isHandedOff(task) ? ` ${saysHandOff(task)}` : '';
}

function saysHandOff({ handedOffBy, handedOffAt, returnAt, returnedFrom }: HandedOffTask): string {
  const sent = `Agent ${handedOffBy} handed it off`;
  const at = isoSeconds(handedOffAt);
  if (returnedFrom !== null)
    return `${sent} to ${addresseeName(returnedFrom)} at ${at}. It came back, because it was not claimed in time.`;
  const back =
    returnAt === null
      ? 'It stays so until it is claimed or cancelled.'
      : `It goes back to agent ${handedOffBy} at ${isoSeconds(returnAt)}, unless it is claimed before.`;
  return `${sent} at ${at}. ${back}`;
}
