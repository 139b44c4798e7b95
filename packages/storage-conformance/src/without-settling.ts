import type { Storage } from '@agent-orchestrator/core';
import { delegate } from './interleave.ts';

/** A connection of a process that always ends between a commit and what it has to do after it. */
export function withoutSettling(storage: Storage): Storage {
  return {
    ...delegate(storage),
    transact: (scope, decide) =>
      scope.by === 'due' ? Promise.reject(new Error('the process has ended')) : storage.transact(scope, decide),
  };
}

/** A connection whose own sweeps came before what is due now: a command of it runs although tasks were not told yet. */
export function settledBefore(storage: Storage): Storage {
  return {
    ...delegate(storage),
    transact: (scope, decide) =>
      storage.transact(scope, (loaded) =>
        decide(scope.by === 'due' ? { ...loaded, tasks: [], dependencyEnds: [] } : loaded),
      ),
  };
}
