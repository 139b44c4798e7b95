import type { Storage } from '@agent-orchestrator/core';

/**
 * The same storage, but `act` begins as soon as its next unit of work has been loaded, under the lock that it has
 * taken. So the rival comes at the worst moment, without a sleep.
 */
function whileDeciding(storage: Storage, act: () => void): Storage {
  let started = false;
  return {
    ...delegate(storage),
    transact: (scope, decide) =>
      storage.transact(scope, (loaded) => {
        if (!started) {
          started = true;
          // Not from within: `decide` is pure, and what it would call could not wait.
          queueMicrotask(act);
        }
        return decide(loaded);
      }),
  };
}

/** A storage that hands every call on, to be spread and overridden. */
export function delegate(storage: Storage): Storage {
  return {
    capabilities: storage.capabilities,
    read: storage.read,
    migrate: () => storage.migrate(),
    transact: (scope, decide) => storage.transact(scope, decide),
    watch: (onChange) => storage.watch(onChange),
    close: () => storage.close(),
  };
}

/** Two actions at once: the second begins when the first has loaded what it decides on. */
export async function race<A, B>(
  storage: Storage,
  first: (storage: Storage) => Promise<A>,
  second: () => Promise<B>,
): Promise<[A, B]> {
  const begun = Promise.withResolvers<B>();
  const a = first(whileDeciding(storage, () => begun.resolve(second())));
  return Promise.all([a, begun.promise]);
}
