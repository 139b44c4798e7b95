import type { EventDraft } from '../log/events.ts';
import { compareReturns, isReturnDue, returned } from '../model/hand-off.ts';
import { LIMITS } from '../model/limits.ts';
import type { Command } from './command.ts';
import { settleDependencies } from './settle-dependencies.ts';

export interface SettleInput {
  readonly namespace: string;
}

export interface SettleReply {
  /** Whether this page was full, or left something that is due now: there may be more. */
  readonly more: boolean;
}

/**
 * Does what is due in a namespace, and what no caller asks for: tasks whose hand-off is over go back to the agents that
 * handed them off, and tasks are told that others have ended on which they depend. No daemon does it. A command with
 * `settles` that finds something due lets this one run first, page by page.
 */
export const settle: Command<SettleInput, SettleReply> = {
  name: 'settle',
  input: null,
  events: ['task.handed_back', 'task.dependency_ended', 'task.cancelled', 'session.closed'],
  receipt: null,

  scope: ({ namespace }) => ({ by: 'due', namespace, limit: LIMITS.sweep_page_max }),

  decide(_input, loaded) {
    const { tasks, now } = loaded;
    const returns = tasks
      .filter((task) => isReturnDue(task, now))
      .toSorted(compareReturns)
      .map((task): EventDraft => {
        const { assignee, role, returnedFrom } = returned(task);
        return {
          type: 'task.handed_back',
          sessionId: task.sessionId,
          taskId: task.id,
          payload: { assignee, role, returned_from: returnedFrom ?? '', return_at: task.returnAt },
        };
      });
    const { events, settledEnds, more } = settleDependencies(loaded);
    return {
      events: [...returns, ...events],
      settledEnds,
      reply: () => ({ more: more || returns.length >= LIMITS.sweep_page_max }),
    };
  },
};
