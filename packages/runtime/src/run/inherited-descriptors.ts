import { readdirSync, readlinkSync } from 'node:fs';

/**
 * The descriptors beyond 2 that this process got from the one that started it, for its own command: `run … 3< file`.
 * Node marks them so that no child gets them, and opens some of its own. Call it before anything else is opened.
 *
 * Node's own are the kernel's anonymous objects, and pipes that have both ends in this process. So a pipe that came
 * with both ends is not found, nor is anything where the system has no `/proc`.
 */
export function inheritedDescriptors(): readonly number[] {
  const targets = new Map<number, string>();
  try {
    for (const name of readdirSync('/proc/self/fd')) {
      const target = targetOf(name);
      if (target !== null) targets.set(Number(name), target);
    }
  } catch {
    return [];
  }
  const count = new Map<string, number>();
  for (const target of targets.values()) count.set(target, (count.get(target) ?? 0) + 1);
  const isOwn = (target: string) =>
    target.startsWith('anon_inode:') || (target.startsWith('pipe:') && (count.get(target) ?? 0) > 1);
  return [...targets].filter(([number, target]) => number > 2 && !isOwn(target)).map(([number]) => number);
}

/** null: it was open only while the folder was read. */
function targetOf(name: string): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${name}`);
  } catch {
    return null;
  }
}
