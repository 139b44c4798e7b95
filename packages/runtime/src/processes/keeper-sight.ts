import { readProcess, readProcessStatus, readText, type ProcessEntry } from './process-table.ts';

/** The first word of a keeper, by which it is known in a list of processes. The second one names the lease. */
export const KEEPER_NAME = 'orchestrator-keeper';

/** The names that a keeper gives itself: at work, and when all that it kept has ended. */
const AT_WORK = 'orch-keeper';
const ALL_ENDED = 'orch-all-ended';

/**
 * Whether what the keeper of a lease keeps has ended, by the keeper's own name. It leads the group that the lease
 * names, and belongs to this user: another user's process can take its names, but not these.
 *
 * @returns null if there is no such keeper
 */
export function askKeeper(tag: string, group: number): 'alive' | 'ended' | null {
  const entry = readProcess(group);
  if (entry === null || entry.hasEnded || entry.group !== group || !isKeeper(entry)) return null;
  if (tagOf(entry) !== tag || !isOfThisUser(entry)) return null;
  return entry.command === ALL_ENDED ? 'ended' : 'alive';
}

/** Whether it is a keeper, of this or of another lease. Any program can take this name. */
export function isKeeper({ command }: Pick<ProcessEntry, 'command'>): boolean {
  return command === AT_WORK || command === ALL_ENDED;
}

function tagOf({ pid }: ProcessEntry): string | null {
  const [program, tag] = (readText(`/proc/${pid}/cmdline`) ?? '').split('\0');
  return program === KEEPER_NAME ? (tag ?? null) : null;
}

/** Whether it is the keeper of a lease with this fence. */
export function isKeeperOfFence(pid: number, fence: number): boolean {
  const entry = readProcess(pid);
  return entry !== null && isKeeper(entry) && (tagOf(entry)?.endsWith(`-${fence}`) ?? false);
}

/** By all of its user ids: a program can run for another user than the one who started it. */
function isOfThisUser({ pid }: ProcessEntry): boolean {
  const own = String(process.geteuid?.());
  return readProcessStatus(pid, 'Uid')?.every((uid) => uid === own) ?? false;
}
