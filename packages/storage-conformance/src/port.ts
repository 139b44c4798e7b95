import { DEFAULTS, type WriteSet, type Loaded, type Receipt, type Scope, type Storage } from '@agent-orchestrator/core';

/*
 * The port itself, for the promises that no command can show.
 */

/** A decision that changes nothing. */
export function nothing<R>(reply: R): WriteSet<R> {
  return { reply, sessions: [], tasks: [], events: [], receipt: null, forgetReceiptsAt: 0, clock: null };
}

/** What is loaded for a scope. */
export async function load(storage: Storage, scope: Scope): Promise<Loaded> {
  return storage.transact(scope, (loaded) => nothing(loaded));
}

/** What the store remembers of a command. */
export async function receiptOf(storage: Storage, commandId: string): Promise<Receipt | null> {
  const { receipt } = await load(storage, { by: 'task', namespace: DEFAULTS.namespace, commandId, taskId: 'none' });
  return receipt;
}
