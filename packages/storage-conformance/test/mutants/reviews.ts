import { withDecision, withLoaded, withScope, type Mutant } from './mutant.ts';

const CHAPTER = 'reviews';

/** Without the tasks that a scope names besides. */
const alone = withScope((scope) =>
  'extraTaskIds' in scope ? { ...scope, extraTaskIds: (scope.extraTaskIds ?? []).slice(0, 1) } : scope,
);

export const reviews: readonly Mutant[] = [
  { name: 'of the tasks that a verdict needs, only the first is loaded', chapter: CHAPTER, wrap: alone },
  {
    name: 'a head that reviews own work is found like any other',
    chapter: CHAPTER,
    wrap: withScope((scope) => (scope.by === 'ready' ? { ...scope, agent: '' } : scope)),
  },
  {
    name: 'own work is not told of what is loaded',
    chapter: CHAPTER,
    wrap: withLoaded((loaded) => ({
      ...loaded,
      sessions: loaded.sessions.map((one) =>
        one.head === null || one.head.reviewOf === null
          ? one
          : {
              ...one,
              head: { ...one.head, reviewOf: one.head.reviewOf.replace(/"not_for":\[[^\]]*\]/u, '"not_for":[]') },
            },
      ),
    })),
  },
  {
    name: 'that an agent gave its verdict is not saved with the other reviews',
    chapter: CHAPTER,
    wrap: withDecision((writeSet) => ({
      ...writeSet,
      tasks: writeSet.tasks.map(({ before, after }) => ({
        before,
        after: before === null ? after : { ...after, reviewOf: before.reviewOf },
      })),
    })),
  },
  {
    name: 'a review stays for the agent that may not judge it any more',
    chapter: CHAPTER,
    wrap: withDecision((writeSet) => ({
      ...writeSet,
      tasks: writeSet.tasks.map(({ before, after }) =>
        before?.assignee !== null && before?.reviewOf !== null && after.status === before?.status
          ? { before, after: { ...after, assignee: before.assignee, role: before.role } }
          : { before, after },
      ),
    })),
  },
  {
    name: 'the reviews of a round have one number',
    chapter: CHAPTER,
    wrap: withLoaded((loaded, scope) =>
      scope.by === 'sessions' ? { ...loaded, numbers: loaded.numbers.map(() => loaded.numbers[0] ?? 1) } : loaded,
    ),
  },
  {
    name: 'a verdict leaves the reviewed task as it was',
    chapter: CHAPTER,
    wrap: withDecision((writeSet) => ({
      ...writeSet,
      tasks: writeSet.tasks.filter(({ before }) => before?.status !== 'in_review'),
    })),
  },
  {
    name: 'whether others depend on a task is only looked up for those that run',
    chapter: CHAPTER,
    wrap: withLoaded(({ dependedOn = [], ...loaded }) => ({
      ...loaded,
      dependedOn: dependedOn.filter((id) => loaded.sessions.some(({ task }) => task?.id === id)),
    })),
  },
];
