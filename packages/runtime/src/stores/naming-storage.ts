import { OrchestratorError, type RowStore, type Storage } from '@agent-orchestrator/core';
import type { LocatedStore } from './locate-store.ts';
import { messageOf } from '../text/message-of.ts';

type Opened = Storage | RowStore;

/** Some methods of each. An object that has none of them is not what the storage promised to open. */
export const STORAGE_METHODS = ['migrate', 'transact', 'watch', 'close'] as const satisfies (keyof Storage)[];
export const ROWS_METHODS = ['rows', 'snapshot', 'add'] as const satisfies (keyof RowStore)[];

/**
 * Opens what a storage of another package may fail to open: then the error says which package it is. Errors with a code
 * are handed on as they are.
 *
 * @param methods what is opened must have
 * @throws `STORAGE_FAILED`, and the errors with a code that `open` throws
 */
export async function namingStorage<R extends Opened>(
  store: LocatedStore,
  open: () => Promise<R>,
  methods: readonly (keyof R)[],
): Promise<R> {
  let opened: R | null | undefined;
  try {
    opened = await open();
  } catch (error) {
    throw error instanceof OrchestratorError ? error : failedToOpen(store, saidBy(error, store), error);
  }
  const missing = methods.find((name) => typeof opened?.[name] !== 'function');
  if (missing !== undefined) throw failedToOpen(store, `what it opened has no method ${String(missing)}`);
  return opened;
}

function failedToOpen({ from, location }: LocatedStore, why: string, cause?: unknown): OrchestratorError {
  const message = `${location.url} cannot be opened. The storage of ${from} failed: ${why}.`;
  return new OrchestratorError('STORAGE_FAILED', message, { cause });
}

/** The first line; the address in it may hold a password. */
function saidBy(error: unknown, { location: { address, url } }: LocatedStore): string {
  const [said = ''] = messageOf(error).split('\n', 1);
  return said.replaceAll(address, () => url).replace(/\.$/, '') || 'it does not say why';
}
