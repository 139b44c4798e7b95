import { withDecision, withLoaded, withReader, type Mutant } from './mutant.ts';

const CHAPTER = 'numbers for people';

export const numbers: readonly Mutant[] = [
  {
    name: 'numbers begin with 1 in each namespace',
    chapter: CHAPTER,
    wrap: withLoaded((loaded, scope, { data }) => {
      if (scope.by !== 'new') return loaded;
      const own = [...data.tasks.values()].filter(({ namespace }) => namespace === scope.namespace).length;
      return { ...loaded, numbers: loaded.numbers.map((_, at) => own + 1 + at) };
    }),
  },
  {
    name: 'one number is given again and again',
    chapter: CHAPTER,
    wrap: withLoaded((loaded) => ({ ...loaded, numbers: loaded.numbers.map(() => loaded.numbers[0] ?? 0) })),
  },
  {
    name: 'numbers are given in any order',
    chapter: CHAPTER,
    wrap: withLoaded((loaded) => ({ ...loaded, numbers: loaded.numbers.toReversed() })),
  },
  {
    name: 'one number too few is given',
    chapter: CHAPTER,
    wrap: withLoaded((loaded) => ({ ...loaded, numbers: loaded.numbers.slice(1) })),
  },
  {
    name: 'numbers are not looked up',
    chapter: CHAPTER,
    wrap: withReader(() => ({ idOfNumber: async () => null })),
  },
  {
    name: 'numbers of other namespaces are found',
    chapter: CHAPTER,
    wrap: withReader((_read, { data }) => ({
      idOfNumber: async (_namespace, kind, number) =>
        [...(kind === 'task' ? data.tasks : data.sessions).values()].find((row) => row.number === number)?.id ?? null,
    })),
  },
  {
    name: 'numbers of tasks and sessions are taken for each other',
    chapter: CHAPTER,
    wrap: withReader((read) => ({
      idOfNumber: async (namespace, kind, number) =>
        (await read.idOfNumber(namespace, kind, number)) ??
        read.idOfNumber(namespace, kind === 'task' ? 'session' : 'task', number),
    })),
  },
  {
    name: 'a session gets another number when it opens again',
    chapter: CHAPTER,
    wrap: withDecision((decision) => ({
      ...decision,
      sessions: decision.sessions.map(({ before, after }) => ({
        before,
        after: before?.status === 'closed' ? { ...after, number: after.number + 1_000 } : after,
      })),
    })),
  },
];
