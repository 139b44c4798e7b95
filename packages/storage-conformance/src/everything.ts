import {
  LIMITS,
  type Agent,
  type Event,
  type LoadedSession,
  type Page,
  type Reader,
  type Storage,
  type Task,
} from '@agent-orchestrator/core';
import { expect } from 'vitest';

/** All that a storage shows: its rows by id and its log in order. */
export interface Everything {
  readonly sessions: readonly LoadedSession[];
  readonly tasks: readonly Task[];
  /** The ids of the tasks that wait, the oldest question first. */
  readonly questions: readonly string[];
  readonly agents: readonly Agent[];
  readonly events: readonly Event[];
}

export async function readAll(storage: Storage): Promise<Everything> {
  return storage.read.snapshot(async (reader) => {
    const parts = await Promise.all((await reader.namespaces()).map((namespace) => readNamespace(reader, namespace)));
    return {
      sessions: parts.flatMap(({ sessions }) => sessions),
      tasks: parts.flatMap(({ tasks }) => tasks),
      questions: parts.flatMap(({ questions }) => questions),
      agents: parts.flatMap(({ agents }) => agents),
      events: parts.flatMap(({ events }) => events).toSorted((a, b) => a.id - b.id),
    };
  });
}

export function assertSame(after: Everything, before: Everything): void {
  expect(after, 'nothing changes').toEqual(before);
}

/** Every item of a list, page by page. */
export async function allPages<T>(
  read: (page: { limit: number; after?: string }) => Promise<Page<T>>,
  limit: number = LIMITS.page_max,
): Promise<T[]> {
  return followCursors((cursor) => read(cursor === null ? { limit } : { limit, after: cursor }));
}

/** Every item of a list, page by page, the last one first. */
export async function allPagesBack<T>(
  read: (page: { limit: number; before: string | null }) => Promise<Page<T>>,
  limit: number,
): Promise<T[]> {
  return followCursors((before) => read({ limit, before }));
}

/** @param read gets the cursor that the page before named; null for the first page */
async function followCursors<T>(read: (cursor: string | null) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await read(cursor);
    if (page.next !== null && page.next === cursor) throw new Error(`the cursor ${cursor} leads to itself`);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return items;
}

async function readNamespace(reader: Reader, namespace: string): Promise<Everything> {
  const sessions: LoadedSession[] = [];
  for (const { id } of await allPages((page) => reader.sessions({ namespace, ...page }))) {
    const session = await reader.session(namespace, id);
    if (session === null) throw new Error(`session ${id} is listed and cannot be read`);
    sessions.push(session);
  }
  const tasks = await allPages((page) => reader.tasks({ namespace, ...page }));
  const questions = await allPages((page) => reader.questions({ namespace, ...page }));
  const agents = await allPages((page) => reader.agents({ namespace, ...page }));
  const upTo = await reader.settledEventId();
  const events = await allPages((page) => reader.events({ namespace, upTo, ...page }));
  return { sessions, tasks, questions: questions.map(({ id }) => id), agents, events };
}
