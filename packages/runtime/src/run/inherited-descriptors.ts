import { fstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A descriptor of this process, as the system shows it. */
export interface Descriptor {
  readonly number: number;
  /** What it is open on: a path, or the kind and number of an object of the kernel: `pipe:[123]`. */
  readonly target: string;
  readonly isBlocking: boolean;
  /** When what it is open on was made or last changed, in nanoseconds. */
  readonly changedAt: bigint;
}

/**
 * The descriptors beyond 2 that this process got from the one that started it, for its own command: `run … 3< file`.
 * Node marks them so that no child gets them, and has opened some of its own by then: call it before the first use of a
 * standard stream, for which it opens more. Nothing where the system has no `/proc`.
 */
export function inheritedDescriptors(): readonly number[] {
  const all = allDescriptors();
  const own = ownDescriptors(all);
  return all.map(({ number }) => number).filter((number) => number > 2 && !own.has(number));
}

/**
 * Those that Node has opened: anonymous objects of the kernel of the kinds that it uses, and pipes that have both ends
 * here. Of these pipes one blocks, and it is the youngest such: all others came before Node was there. A pipe that is
 * also one of the standard streams came with them. Node also opens `/dev/null` once more, which does a command no harm.
 */
export function ownDescriptors(all: readonly Descriptor[]): ReadonlySet<number> {
  const standard = new Set(all.filter(({ number }) => number <= 2).map(({ target }) => target));
  const ends = Map.groupBy(
    all.filter(({ number, target }) => number > 2 && target.startsWith('pipe:') && !standard.has(target)),
    ({ target }) => target,
  );
  const pairs = [...ends.values()].filter((pair) => pair.length > 1);
  const blocking = pairs.filter((pair) => pair.every(({ isBlocking }) => isBlocking)).toSorted(byAge);
  const own = [...pairs.filter((pair) => pair.every(({ isBlocking }) => !isBlocking)), ...blocking.slice(-1)].flat();
  const anonymous = all.filter(
    ({ target, isBlocking }) => OF_NODE.has(target) || (target === 'anon_inode:[eventfd]' && !isBlocking),
  );
  return new Set([...own, ...anonymous].map(({ number }) => number));
}

const OF_NODE: ReadonlySet<string> = new Set(['anon_inode:[eventpoll]', 'anon_inode:[io_uring]']);

function byAge([a]: readonly Descriptor[], [b]: readonly Descriptor[]): number {
  const [first, second] = [a?.changedAt ?? 0n, b?.changedAt ?? 0n];
  return first < second ? -1 : first > second ? 1 : 0;
}

function allDescriptors(): readonly Descriptor[] {
  let names: readonly string[] = [];
  try {
    names = readdirSync('/proc/self/fd');
  } catch {
    // Only Linux has it.
  }
  return names.flatMap((name) => descriptorOf(Number(name)) ?? []);
}

const FLAGS = /^flags:\s+([0-7]+)$/mu;
const NONBLOCK = 0o4000;

/** null: it was open only while the folder was read. */
function descriptorOf(number: number): Descriptor | null {
  try {
    const target = readlinkSync(`/proc/self/fd/${number}`);
    const [, flags = '0'] = FLAGS.exec(readFileSync(`/proc/self/fdinfo/${number}`, 'utf8')) ?? [];
    const { ctimeNs: changedAt } = fstatSync(number, { bigint: true });
    return { number, target, isBlocking: (Number.parseInt(flags, 8) & NONBLOCK) === 0, changedAt };
  } catch {
    return null;
  }
}
