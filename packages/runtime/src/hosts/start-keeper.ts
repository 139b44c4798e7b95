import { AGENT_HOSTS } from '../processes/agent-hosts.ts';
import type { RegisteredHost } from '../processes/host-registry.ts';
import { isKept, tellKeeper } from '../processes/kept-host.ts';
import { startProgram } from '../system/start-program.ts';
import type { Holdings } from './holdings.ts';
import type { KeeperBounds } from './keeper-rules.ts';

/** What a keeper is told when it starts, over its standard input: no list of processes shows it. */
export interface KeeperTask {
  readonly host: RegisteredHost;
  /** The folder of the holdings. */
  readonly folder: string;
  /** The folder of the signs of progress: that of the host, or of one conversation in it. */
  readonly signs: string;
  /** The URL of the store. */
  readonly store: string;
  readonly namespace: string;
  readonly bounds: KeeperBounds;
}

/** Node's memory for a program that mostly waits. */
const SMALL = ['--max-semi-space-size=1', '--max-old-space-size=128'];

/**
 * Starts a keeper for what the host holds, unless one is at work. It outlives this process. If it cannot be started,
 * the lease ends by its TTL.
 *
 * @param program the path of a program that calls `runKeeper`
 */
export function startKeeper(
  program: string,
  holdings: Pick<Holdings, 'folder'>,
  task: Omit<KeeperTask, 'folder'>,
): void {
  if (isKept(holdings.folder)) return;
  const { folder } = holdings;
  const child = startProgram(process.execPath, [...SMALL, program], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: withoutMarks(process.env),
  });
  child.on('error', () => {});
  // Without a free process or file, it has no standard input either.
  if (child.pid === undefined) return;
  tellUnlessFull(folder, child.pid);
  child.stdin?.on('error', () => {});
  child.stdin?.end(JSON.stringify({ ...task, folder } satisfies KeeperTask));
  child.unref();
}

/** A full disk must not end the server: the keeper says it again itself, and another one is started if it cannot. */
function tellUnlessFull(folder: string, pid: number): void {
  try {
    tellKeeper(folder, pid);
  } catch {
    // See above.
  }
}

/** Without what would make it look like a command of the host. */
function withoutMarks(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const marks = Object.values(AGENT_HOSTS).flatMap(({ marks }) => marks);
  return { ...env, ...Object.fromEntries(marks.map((name) => [name, undefined])), UV_THREADPOOL_SIZE: '1' };
}
