import { withDecision, withLoaded, type Mutant } from './mutant.ts';

const CHAPTER = 'signatures';

/** Storages that lose a key, or do not show it to the verdict that it has to prove. */
export const signatures: readonly Mutant[] = [
  {
    name: 'the registry is not loaded for a verdict',
    chapter: CHAPTER,
    wrap: withLoaded((loaded, scope) =>
      scope.by === 'sessions' && 'extraTaskIds' in scope ? { ...loaded, agents: [] } : loaded,
    ),
  },
  {
    name: 'the key of an agent is not saved',
    chapter: CHAPTER,
    wrap: withDecision((writeSet) => ({
      ...writeSet,
      agents: writeSet.agents.map(({ before, after }) => ({
        before,
        after: { ...after, publicKey: before?.publicKey ?? null },
      })),
    })),
  },
  {
    name: 'the roles that demand signatures are not saved',
    chapter: CHAPTER,
    wrap: withDecision((writeSet) => ({
      ...writeSet,
      agents: writeSet.agents.map(({ before, after }) => ({ before, after: { ...after, signedRoles: '[]' } })),
    })),
  },
];
