import { reschedule, restore, type RestoreReply } from './index.ts';
import { internalError } from '../model/errors.ts';
import { DEFAULTS } from '../model/limits.ts';
import type { SessionKey } from '../storage/scope.ts';
import type { Storage } from '../storage/storage.ts';
import type { Command, CommandInput } from './command.ts';
import { execute } from './execute.ts';

/**
 * For restores, before the store opens for work: ends every lease in it, page by page, so that every token granted
 * before is refused. And no task waits longer than the delay that was asked for, if the clock of the backup was ahead.
 * Called again after a crash, it ends the remaining leases.
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
  while (!(await run(storage, reschedule, { namespace: DEFAULTS.namespace })).done);
  return total;
}

function closePage(storage: Storage, after: SessionKey | null): Promise<RestoreReply> {
  return run(storage, restore, { namespace: DEFAULTS.namespace, after });
}

async function run<Input extends CommandInput, Reply>(
  storage: Storage,
  command: Command<Input, Reply>,
  input: Input,
): Promise<Reply> {
  const outcome = await storage.transact(command.scope(input), (loaded) => execute(command, input, '', loaded));
  if (outcome.kind !== 'reply') throw internalError('A restore does not wait for a clock jump.');
  return outcome.reply;
}
