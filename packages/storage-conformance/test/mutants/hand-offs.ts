import type { Loaded } from '@agent-orchestrator/core';
import { withDecision, withLoaded, withReader, withScope, type Mutant } from './mutant.ts';

const CHAPTER = 'hand-offs';

export const handOffs: readonly Mutant[] = [
  {
    name: 'no command is told that anything is due',
    chapter: CHAPTER,
    wrap: withLoaded((loaded) => ({ ...loaded, isDue: false })),
  },
  {
    name: 'a claim of one session is not told that anything is due',
    chapter: CHAPTER,
    wrap: withLoaded((loaded, scope) => (scope.by === 'sessions' ? { ...loaded, isDue: false } : loaded)),
  },
  {
    name: 'a recovery is not told that anything is due',
    chapter: CHAPTER,
    wrap: withLoaded((loaded, scope) => (scope.by === 'stale' ? { ...loaded, isDue: false } : loaded)),
  },
  {
    name: 'something is always due',
    chapter: CHAPTER,
    wrap: withLoaded((loaded, scope) => ({ ...loaded, isDue: scope.by === 'ready' || loaded.isDue })),
  },
  {
    name: 'what is due is not found',
    chapter: CHAPTER,
    wrap: withDue((loaded) => ({ ...loaded, sessions: [], tasks: [] })),
  },
  {
    name: 'what is due is found in another order',
    chapter: CHAPTER,
    wrap: withDue((loaded) => ({ ...loaded, tasks: loaded.tasks.toReversed() })),
  },
  {
    name: 'what is due is found without its sessions',
    chapter: CHAPTER,
    wrap: withDue((loaded) => ({ ...loaded, sessions: [] })),
  },
  {
    name: 'the limit of what is due is ignored',
    chapter: CHAPTER,
    wrap: withScope((scope) => (scope.by === 'due' ? { ...scope, limit: 1_000 } : scope)),
  },
  {
    name: 'the store forgets who handed a task off',
    chapter: CHAPTER,
    wrap: withDecision((decision) => ({
      ...decision,
      tasks: decision.tasks.map(({ before, after }) => ({
        before,
        after: { ...after, handedOffBy: null, handedOffAt: null, returnAt: null, returnedFrom: null },
      })),
    })),
  },
  {
    name: 'the store keeps a hand-off after it is over',
    chapter: CHAPTER,
    wrap: withDecision((decision) => ({
      ...decision,
      tasks: decision.tasks.map(({ before, after }) => {
        if (before === null || before.handedOffAt === null || after.handedOffAt !== null) return { before, after };
        const { handedOffBy, handedOffAt, returnAt, returnedFrom } = before;
        return { before, after: { ...after, handedOffBy, handedOffAt, returnAt, returnedFrom } };
      }),
    })),
  },
  {
    name: 'the list of handed-off tasks has all tasks',
    chapter: CHAPTER,
    wrap: withReader((read) => ({
      tasks: ({ handedOff: _handedOff, ...filter }) => read.tasks(filter),
    })),
  },
  {
    name: 'the preview of a claim does not show what goes back',
    chapter: CHAPTER,
    wrap: withReader((read) => ({
      claimPreview: async (scope) => ({ ...(await read.claimPreview(scope)), returning: [] }),
    })),
  },
  {
    name: 'hand-offs that began after now are not found',
    chapter: CHAPTER,
    wrap: withLoaded((loaded, scope) => {
      if (scope.by !== 'delayed') return loaded;
      const tasks = loaded.tasks.filter(({ status }) => status === 'scheduled');
      const sessions = loaded.sessions.filter(({ session }) => tasks.some(({ sessionId }) => sessionId === session.id));
      return { ...loaded, tasks, sessions };
    }),
  },
];

/** Shows `settle` something else than what is due. */
function withDue(change: (loaded: Loaded) => Loaded): Mutant['wrap'] {
  return withLoaded((loaded, scope) => (scope.by === 'due' ? change(loaded) : loaded));
}
