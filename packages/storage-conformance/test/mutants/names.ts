import type { Page, Reader, Session, Storage, Task } from '@agent-orchestrator/core';
import { delegate } from '../../src/interleave.ts';
import { withLoaded, withReader, type Inside, type Mutant } from './mutant.ts';
import { orderedBy } from './queue.ts';

const CHAPTER = 'names and ids of any script';

/** JavaScript's own order: by UTF-16 unit. */
const byUnit = (a: { readonly id: string }, b: { readonly id: string }) => (a.id < b.id ? -1 : 1);
/** The order of a database that was made with a language. */
const byLanguage = (a: { readonly id: string }, b: { readonly id: string }) => a.id.localeCompare(b.id, 'en');

export const names: readonly Mutant[] = [
  { name: 'lists come by UTF-16 unit', chapter: CHAPTER, wrap: withReader((read) => listsBy(read, byUnit)) },
  {
    name: 'lists come in the order of a language',
    chapter: CHAPTER,
    wrap: withReader((read) => listsBy(read, byLanguage)),
  },
  {
    name: 'heads of sessions come by UTF-16 unit',
    chapter: CHAPTER,
    wrap: orderedBy((a, b) => a.priority - b.priority || a.queuedAt - b.queuedAt || byUnit(a, b)),
  },
  { name: 'the head of a session is the first by UTF-16 unit', chapter: CHAPTER, wrap: withLoaded(headIs(byUnit)) },
  {
    name: 'namespaces are told by UTF-16 unit',
    chapter: CHAPTER,
    wrap: withReader((read) => ({ namespaces: async () => (await read.namespaces()).toSorted() })),
  },
  {
    name: 'held sessions come by UTF-16 unit',
    chapter: CHAPTER,
    wrap: withLoaded((loaded, scope) =>
      scope.by === 'held'
        ? { ...loaded, sessions: loaded.sessions.toSorted((a, b) => byUnit(a.session, b.session)) }
        : loaded,
    ),
  },
  {
    name: 'a task is looked up without regard to capital letters',
    chapter: CHAPTER,
    wrap: withReader((read, { data }) => ({
      task: (namespace, id) =>
        read.task(
          namespace,
          alike(data.tasks, id, (text) => text.toLowerCase()),
        ),
    })),
  },
  {
    name: 'a session is looked up without its accents',
    chapter: CHAPTER,
    wrap: withReader((read, { data }) => ({
      session: (namespace, id) => read.session(namespace, alike(data.sessions, id, bare)),
    })),
  },
  {
    name: 'a session is looked up by a pattern',
    chapter: CHAPTER,
    wrap: withReader((read) => ({
      async tasks({ sessionId, limit, ...filter }) {
        if (sessionId === undefined) return read.tasks({ ...filter, limit });
        const { items } = await read.tasks({ ...filter, limit: 10_000 });
        return { items: items.filter((task) => isLike(task.sessionId, sessionId)).slice(0, limit), next: null };
      },
    })),
  },
  { name: 'ids are cut to 128 bytes', chapter: CHAPTER, wrap: cutIds },
];

/** All rows in another order, in pages. */
function listsBy(read: Reader, compare: (a: { id: string }, b: { id: string }) => number): Partial<Reader> {
  const page = <Row extends { readonly id: string }>(rows: readonly Row[], limit: number, after = ''): Page<Row> => {
    const sorted = rows.toSorted(compare);
    const rest = after === '' ? sorted : sorted.filter((row) => compare(row, { id: after }) > 0 && row.id !== after);
    const items = rest.slice(0, limit);
    return { items, next: rest.length > limit ? (items.at(-1)?.id ?? null) : null };
  };
  return {
    async tasks({ after, limit, ...filter }) {
      return page((await read.tasks({ ...filter, limit: 10_000 })).items, limit, after);
    },
    async sessions({ after, limit, ...filter }) {
      return page((await read.sessions({ ...filter, limit: 10_000 })).items, limit, after);
    },
  };
}

function headIs(compare: (a: { id: string }, b: { id: string }) => number): Parameters<typeof withLoaded>[0] {
  const first = (session: Session, head: Task, { data }: Inside) =>
    [...data.tasks.values()]
      .filter(
        ({ namespace, sessionId, status, priority, queuedAt }) =>
          namespace === session.namespace &&
          sessionId === session.id &&
          status === 'queued' &&
          priority === head.priority &&
          queuedAt === head.queuedAt,
      )
      .toSorted(compare)[0] ?? head;
  return (loaded, _scope, inside) => ({
    ...loaded,
    sessions: loaded.sessions.map((one) =>
      one.head === null ? one : { ...one, head: first(one.session, one.head, inside) },
    ),
  });
}

/** The first id that is spelt alike. */
function alike(rows: ReadonlyMap<string, { readonly id: string }>, id: string, fold: (text: string) => string): string {
  return [...rows.values()].find((row) => fold(row.id) === fold(id))?.id ?? id;
}

function bare(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '');
}

/** As LIKE compares it. */
function isLike(text: string, pattern: string): boolean {
  const escaped = pattern.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll('%', '.*').replaceAll('_', '.')}$`, 's').test(text);
}

/** Saves the ids of tasks cut, as a column of a fixed width does. */
function cutIds(storage: Storage): Storage {
  return {
    ...delegate(storage),
    transact: (scope, decide) =>
      storage.transact(scope, (loaded) => {
        const decided = decide(loaded);
        const tasks = decided.tasks.map(({ before, after }) => ({ before, after: { ...after, id: cut(after.id) } }));
        return { ...decided, tasks };
      }),
  };
}

function cut(text: string): string {
  return Buffer.from(text).subarray(0, 128).toString();
}
