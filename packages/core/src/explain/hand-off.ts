import type { Event, EventPayloads } from '../log/events.ts';
import { addresseeName, isHandedOff, returnsTo, type HandedOffTask } from '../model/hand-off.ts';
import { fromJsonText } from '../model/json.ts';
import { isoSeconds } from '../model/moment.ts';
import type { Task } from '../model/task.ts';

/** Why a task is for its addressee. */
interface Addressed {
  /** After another sentence; `''`: it was queued for it. */
  readonly says: string;
  /** The id of the event that says it. */
  readonly events: readonly number[];
}

/** Why a task is for its addressee: it was queued so, handed off, or taken from a reviewer that may not judge it. */
export function addressedBy(task: Task, history: readonly Event[]): Addressed {
  const last = history.findLast(saysForWhom);
  const events = last === undefined ? [] : [last.id];
  if (isHandedOff(task)) return { says: ` ${saysHandOff(task)}`, events };
  if (last?.type !== 'task.reviewer_excluded') return { says: '', events };
  const { reviewer } = excluded(last);
  return { says: ` It was for agent ${reviewer}, who has given its verdict in this round.`, events };
}

function saysForWhom(event: Event): boolean {
  if (event.type === 'task.reviewer_excluded') return excluded(event).role !== undefined;
  return event.type === 'task.queued' || event.type === 'task.handed_off' || event.type === 'task.handed_back';
}

function excluded({ payload }: Event): EventPayloads['task.reviewer_excluded'] {
  return fromJsonText(payload) as EventPayloads['task.reviewer_excluded'];
}

function saysHandOff(task: HandedOffTask): string {
  const { handedOffBy, handedOffAt, returnAt, returnedFrom } = task;
  const { assignee, role } = returnsTo(task);
  const why = assignee === null ? ` Agent ${handedOffBy} has given its verdict in this round.` : '';
  const [sent, at] = [`Agent ${handedOffBy} handed it off`, isoSeconds(handedOffAt)];
  if (returnedFrom !== null) {
    const to = addresseeName(returnedFrom);
    return `${sent} to ${to} at ${at}. It came back, because it was not claimed in time.${why}`;
  }
  if (returnAt === null) return `${sent} at ${at}. It stays so until it is claimed or cancelled.`;
  const sender = assignee === null ? `role ${role}` : `agent ${assignee}`;
  return `${sent} at ${at}. It goes back to ${sender} at ${isoSeconds(returnAt)}, unless it is claimed before.${why}`;
}
