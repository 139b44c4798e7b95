import { restore, type RestoreReply } from './index.ts';
import { internalError } from '../model/errors.ts';
import { DEFAULTS } from '../model/limits.ts';
import type { SessionKey } from '../storage/scope.ts';
import type { Storage } from '../storage/storage.ts';
import { execute } from './execute.ts';

/**
 * For restores, before the store opens for work: ends every lease in it, page by page, so that every token granted
 * before is refused. Called again after a crash, it ends the remaining leases.
 *
 * @returns how many leases were ended
 */
export async function closeRestoredLeases(storage: Storage): Promise<number> {
  let total = 0;
  let after: SessionKey | null = null;
  do {
    const { closed, next }: RestoreReply = await closePage(storage, after);
    total += closed;
    after = next;
  } while (after !== null);
  return total;
}

async function closePage(storage: Storage, after: SessionKey | null): Promise<RestoreReply> {
  const input = { namespace: DEFAULTS.namespace, after };
  const outcome = await storage.transact(restore.scope(input), (loaded) => execute(restore, input, '', loaded));
  if (outcome.kind !== 'reply') throw internalError('A restore does not wait for a clock jump.');
  return outcome.reply;
}
