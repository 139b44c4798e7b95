/*
 * The one way out of a keeper's sight. What joins another namespace of processes (`nsenter -p`) and loses
 * its parent there becomes a child of the first process of that namespace: a subreaper is only looked for within a
 * namespace. The keeper then tells that all has ended. So before that is believed, such strangers are looked for. They
 * cannot be attributed: one is a doubt, and is neither ended nor paused.
 */
import { isKeeper } from './keeper-sight.ts';
import { mayBeOurs } from './lease-processes.ts';
import { livingProcesses, readProcess, readProcessStatus, readText, type ProcessEntry } from './process-table.ts';

/**
 * Whether a living process may be one that has left a keeper. It is younger than the holder, it may belong to this
 * user, it is in the cgroups of the keeper, and in another namespace: there, below a first process that it did not come
 * from. A child of that process that never left has the session of that process, as sandboxes have it. On a terminal
 * the keeper has that session, too, and then it says nothing.
 *
 * @param keeper its pid
 * @param since the start of the holder
 */
export function hasStranger(keeper: number, since: string): boolean {
  const cgroups = readText(`/proc/${keeper}/cgroup`);
  const entries = livingProcesses();
  const all = new Map(entries.map((entry) => [entry.pid, entry]));
  const session = readProcess(keeper)?.session;
  return entries.some(
    (entry) =>
      Number(entry.start) >= Number(since) &&
      isInner(numbersOf(entry)) &&
      mayBeOurs(entry.pid) &&
      readText(`/proc/${entry.pid}/cgroup`) === cgroups &&
      cameFromElsewhere(entry, all, { pid: keeper, session }),
  );
}

/**
 * Whether the way up from a process leads over a first process that did not start it. Below the keeper it is kept. What
 * is below another keeper can have come from this one as well.
 */
function cameFromElsewhere(
  entry: ProcessEntry,
  all: ReadonlyMap<number, ProcessEntry>,
  keeper: { readonly pid: number; readonly session: number | undefined },
): boolean {
  let isElsewhere = false;
  const seen = new Set<number>();
  for (let one = entry; !seen.has(one.pid);) {
    seen.add(one.pid);
    const parent = all.get(one.parent);
    if (parent === undefined) break;
    if (parent.pid === keeper.pid) return false;
    const [own, above] = [numbersOf(one), numbersOf(parent)];
    const isFirst = isInner(above) && above.at(-1) === '1' && own.length === above.length;
    isElsewhere ||= isFirst && (one.session !== parent.session || one.session === keeper.session);
    if (isKeeper(parent)) return isElsewhere;
    one = parent;
  }
  return isElsewhere;
}

/** The numbers of a process: one for each namespace from that of `/proc` inwards. */
function numbersOf({ pid }: ProcessEntry): readonly string[] {
  return readProcessStatus(pid, 'NSpid') ?? [];
}

function isInner(numbers: readonly string[]): boolean {
  return numbers.length > 1;
}
