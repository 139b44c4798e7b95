import { both, withDecision, withLoaded, withReader, type Mutant } from './mutant.ts';

const chapter = 'dependencies';

/** Storages that forget who waits for whom, or tell it wrongly. */
export const dependencies: readonly Mutant[] = [
  {
    name: 'whether others depend on a task is not looked up',
    chapter,
    wrap: withLoaded((loaded) => ({ ...loaded, dependedOn: [] })),
  },
  {
    name: 'new dependencies are not saved',
    chapter,
    wrap: withDecision(({ dependencies = [], ...writeSet }) => ({
      ...writeSet,
      dependencies: dependencies.filter(({ before }) => before !== null),
    })),
  },
  {
    name: 'that a dependency was fulfilled is not saved',
    chapter,
    wrap: withDecision(({ dependencies = [], ...writeSet }) => ({
      ...writeSet,
      dependencies: dependencies.filter(({ before }) => before === null),
    })),
  },
  {
    name: 'those that wait are not told of an end',
    chapter,
    wrap: withDecision(({ endedDependencies: _ended, ...writeSet }) => writeSet),
  },
  {
    name: 'an end is told whatever the policy',
    chapter,
    wrap: withDecision((writeSet) => ({
      ...writeSet,
      dependencies: (writeSet.dependencies ?? []).map(({ before, after }) => ({
        before,
        after: { ...after, onDependencyFailure: 'run' as const },
      })),
    })),
  },
  {
    name: 'the status of a dependency is that of an earlier moment',
    chapter,
    wrap: withLoaded((loaded) => ({
      ...loaded,
      related: (loaded.related ?? []).map((task) => ({ ...task, status: 'running' as const })),
    })),
  },
  {
    name: 'dependencies are not looked up',
    chapter,
    wrap: withLoaded((loaded) => ({ ...loaded, related: [] })),
  },
  {
    name: 'what the tasks wait for that a holder waits for is not looked up',
    chapter: 'waiting for tasks',
    wrap: both(withLoaded((loaded) => ({ ...loaded, awaited: [] }))),
  },
  {
    name: 'the reviews of the tasks that a holder waits for are not looked up',
    chapter: 'waiting for tasks',
    wrap: withLoaded((loaded) => ({
      ...loaded,
      related: (loaded.related ?? []).map((task) => ({ ...task, review: null })),
    })),
  },
  {
    name: 'ends that a crash left are not due',
    chapter,
    wrap: both(withLoaded((loaded) => ({ ...loaded, isDue: false }))),
  },
  {
    name: 'the ends of the dependencies that are due are not loaded',
    chapter,
    wrap: withLoaded((loaded) => ({ ...loaded, dependencyEnds: [] })),
  },
  {
    name: 'a task is told of an end that is not so any more',
    chapter: 'waiting for tasks',
    wrap: withLoaded((loaded) => ({
      ...loaded,
      dependencyEnds: (loaded.dependencyEnds ?? []).map((end) => ({ ...end, isOpen: true })),
    })),
  },
  {
    name: 'sub-tasks are not looked up',
    chapter,
    wrap: withLoaded((loaded) => ({ ...loaded, withSubtasks: [] })),
  },
  {
    name: 'a list of sub-tasks has other tasks',
    chapter,
    wrap: both(
      withReader((read) => ({
        tasks: ({ parentId: _parent, ...filter }) => read.tasks(filter),
      })),
    ),
  },
  {
    name: 'a list of all dependencies has those of one task',
    chapter: 'untold ends',
    wrap: both(
      withReader((read) => ({
        dependencies: async (filter) => {
          const page = await read.dependencies(filter);
          const [first] = page.items;
          return 'ofAll' in filter
            ? { ...page, items: page.items.filter(({ taskId }) => taskId === first?.taskId) }
            : page;
        },
      })),
    ),
  },
  {
    name: 'no end of which a task was not told is listed',
    chapter: 'untold ends',
    wrap: both(withReader(() => ({ dependencyEnds: async () => ({ items: [], next: null }) }))),
  },
  {
    name: 'dependencies are listed without an order',
    chapter,
    wrap: both(
      withReader((read) => ({
        dependencies: async (filter) => {
          const { items, next } = await read.dependencies(filter);
          return { items: items.toReversed(), next };
        },
      })),
    ),
  },
];
