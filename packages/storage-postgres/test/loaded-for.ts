import type { Loaded, Scope, Storage, WriteSet } from '@agent-orchestrator/core';

/** What a unit of work loads that changes nothing. */
export async function loadedFor(storage: Storage, scope: Scope): Promise<Loaded> {
  return storage.transact(scope, changeNothing);
}

function changeNothing(loaded: Loaded): WriteSet<Loaded> {
  return {
    reply: loaded,
    sessions: [],
    tasks: [],
    agents: [],
    events: [],
    receipt: null,
    forgetReceiptsAt: 0,
    clock: null,
  };
}
