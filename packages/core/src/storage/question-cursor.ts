import type { Task } from '../model/task.ts';

/** For storages: the cursor of a task in the list of questions. */
export function questionCursor({ askedAt, id }: Pick<Task, 'askedAt' | 'id'>): string {
  return `${askedAt ?? 0}-${id}`;
}

/** The time and the id in such a cursor. */
export function questionAfter(cursor: string): { readonly askedAt: number; readonly id: string } {
  const end = cursor.indexOf('-');
  return { askedAt: Number(cursor.slice(0, end)), id: cursor.slice(end + 1) };
}
