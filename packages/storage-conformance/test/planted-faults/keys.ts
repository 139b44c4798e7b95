import type { Event } from '@agent-orchestrator/core';
import { edit, find, is } from '../checker-forgery.ts';
import { log, type PlantedFault } from './planted-fault.ts';

/** What tasks hold: I17. */
export const keys: readonly PlantedFault[] = [
  {
    invariant: 'I17',
    fault: 'a task takes a key that another, which waits, holds until it ends',
    plant: log((day) => {
      const held = edit(day, is('task.queued', 'theirs'), {}, { dedupe_key: 'k', dedupe_while: 'open' });
      return edit(held, is('task.queued', 'void'), {}, { dedupe_key: 'k', dedupe_while: 'open' });
    }),
  },
  {
    invariant: 'I17',
    fault: 'a task takes a key that another, which has ended, holds as long as it is kept',
    plant: log((day) => edit(day, is('task.queued', 'void'), {}, { dedupe_key: 'once', dedupe_while: 'open' })),
  },
  {
    invariant: 'I17',
    fault: 'a task is retried while another holds its key, which was free for a time',
    plant: log((day) => {
      const { taskId } = find(day, is('task.retried'));
      const failed = edit(day, is('task.queued', taskId ?? ''), {}, { dedupe_key: 'k', dedupe_while: 'open' });
      const { events } = failed;
      const dead = events.findIndex(is('task.retried'));
      const taken = [find(day, is('session.opened', undefined, 'solo')), find(day, is('task.queued', 'solo'))];
      const moved = (event: Event) => ({
        ...event,
        streamId: 'other',
        sessionId: 'other',
        taskId: event.taskId === null ? null : 'other',
        commandId: null,
        at: events[dead]?.at ?? 0,
        payload: JSON.stringify({ ...(JSON.parse(event.payload) as object), dedupe_key: 'k' }),
      });
      return { ...failed, events: [...events.slice(0, dead), ...taken.map(moved), ...events.slice(dead)] };
    }),
  },
];
