import { listProcesses, readProcess, readText, type ProcessEntry } from './process-table.ts';

/** The first word of a keeper, by which it is known in a list of processes. The second one names the lease. */
export const KEEPER_NAME = 'orchestrator-keeper';

/** The names that a keeper gives itself: at work, and when all that it kept has ended. */
const AT_WORK = 'orch-keeper';
const ALL_ENDED = 'orch-all-ended';

/**
 * Whether what a keeper of this lease keeps has ended, by the keeper's own name.
 *
 * @returns null if no such keeper is in this group
 */
export function askKeepers(tag: string, group: number): 'alive' | 'ended' | null {
  const entries = (listProcesses() ?? []).flatMap((pid) => readProcess(pid) ?? []);
  const keepers = entries.filter((one) => one.group === group && isKeeper(one) && !one.hasEnded && tagOf(one) === tag);
  if (keepers.length === 0) return null;
  return keepers.every(({ command }) => command === ALL_ENDED) ? 'ended' : 'alive';
}

/** Whether it is a keeper, of this or of another lease. Any program can take this name. */
export function isKeeper({ command }: Pick<ProcessEntry, 'command'>): boolean {
  return command === AT_WORK || command === ALL_ENDED;
}

function tagOf({ pid }: ProcessEntry): string | null {
  const [program, tag] = (readText(`/proc/${pid}/cmdline`) ?? '').split('\0');
  return program === KEEPER_NAME ? (tag ?? null) : null;
}
