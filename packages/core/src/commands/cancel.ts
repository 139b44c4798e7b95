import { z } from 'zod';
import * as field from '../model/fields.ts';
import { TASK_STATUSES, type TaskStatus } from '../model/statuses.ts';
import { closeOwnSession } from './own-session.ts';
import { type Command, refusalReason, refuse } from './command.ts';
import { plainReply } from './receipt-reply.ts';

/** The input of `cancelTask`. */
export const cancelInput = z.strictObject({ namespace: field.name, commandId: field.commandId, taskId: field.id });

/** The input, checked and filled in. */
export type CancelInput = z.output<typeof cancelInput>;

/** The task's status after the call; or the reason why it was refused. */
export type CancelReply =
  | {
      readonly ok: true;
      /** `cancelled`; or `running`: the next heartbeat tells its holder to stop. */
      readonly status: 'cancelled' | 'running';
    }
  /** The task had ended before. */
  | { readonly ok: false; readonly reason: 'ended'; readonly status: TaskStatus }
  | { readonly ok: false; readonly reason: 'not_found' };

/** Cancels a waiting task; asks the holder of a running task to stop. A second request changes nothing. */
export const cancel: Command<CancelInput, CancelReply> = {
  name: 'cancel',
  input: cancelInput,
  refusalReason,
  events: ['task.cancelled', 'task.cancel_requested', 'session.closed'],
  receipt: plainReply(),

  scope: ({ namespace, commandId, taskId }) => ({ by: 'task', namespace, commandId, taskId }),

  decide(_input, loaded) {
    const task = loaded.tasks[0];
    const session = loaded.sessions[0]?.session;
    if (task === undefined || session === undefined) return refuse({ ok: false, reason: 'not_found' });

    const about = { sessionId: task.sessionId, taskId: task.id };
    switch (TASK_STATUSES[task.status].phase) {
      case 'waiting':
        return {
          events: [
            { ...about, type: 'task.cancelled', payload: { outcome: null, error: null } },
            ...closeOwnSession(session, task.id),
          ],
          reply: () => ({ ok: true, status: 'cancelled' }),
        };
      case 'running':
        return {
          events: task.cancelRequestedAt === null ? [{ ...about, type: 'task.cancel_requested', payload: {} }] : [],
          reply: () => ({ ok: true, status: 'running' }),
        };
      case 'ended':
        return refuse(
          task.status === 'cancelled'
            ? { ok: true, status: task.status }
            : { ok: false, reason: 'ended', status: task.status },
        );
    }
  },
};
