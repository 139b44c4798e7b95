import {
  compareCodePoints,
  type Event,
  type Page,
  type Reader,
  type Session,
  type Task,
} from '@agent-orchestrator/core';
import { byId, sessionsOf, type MemoryData } from './data.ts';

/** Lists in pages. */
export function listReads(data: MemoryData, assertOpen: () => void): Pick<Reader, 'sessions' | 'tasks' | 'events'> {
  return {
    async sessions({ namespace, status, agent, limit, after = '' }) {
      assertOpen();
      const fits = (session: Session) =>
        (status?.includes(session.status) ?? true) && (agent === undefined || session.agent === agent);
      const found = sessionsOf(data, namespace).filter(
        (session) => fits(session) && compareCodePoints(session.id, after) > 0,
      );
      return pageOf(found.toSorted(byId), limit, ({ id }) => id);
    },
    async tasks({ namespace, sessionId, status, kind, limit, after = '' }) {
      assertOpen();
      const fits = (task: Task) =>
        task.namespace === namespace &&
        (sessionId === undefined || task.sessionId === sessionId) &&
        (status?.includes(task.status) ?? true) &&
        (kind === undefined || task.kind === kind);
      const found = [...data.tasks.values()].filter((task) => fits(task) && compareCodePoints(task.id, after) > 0);
      return pageOf(found.toSorted(byId), limit, ({ id }) => id);
    },
    async events({ namespace, sessionId, taskId, types, leaseEffect, limit, after = '0', upTo }) {
      assertOpen();
      const cursor = (event: Event) => (sessionId === undefined ? event.id : event.seq);
      const fits = (event: Event) =>
        event.namespace === namespace &&
        (sessionId === undefined || event.sessionId === sessionId) &&
        (taskId === undefined || event.taskId === taskId) &&
        (types?.includes(event.type) ?? true) &&
        (leaseEffect === undefined || event.leaseEffect === leaseEffect) &&
        (upTo === undefined || event.id <= upTo);
      const found = data.events.filter((event) => fits(event) && cursor(event) > Number(after));
      return pageOf(found, limit, (event) => String(cursor(event)));
    },
  };
}

function pageOf<T>(rows: readonly T[], limit: number, cursor: (row: T) => string): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? cursor(last) : null };
}
