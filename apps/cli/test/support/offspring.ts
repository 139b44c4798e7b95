import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';
import { guaranteeHere } from '../../../../packages/runtime/src/processes/guarantee.ts';
import { finished, isRoot, type Cli, type Ran } from './cli.ts';
import { isGone, isGroupTold, kill, sessionOf, until } from './running.ts';

const NATIVE = fileURLToPath(new URL('../../native', import.meta.url));
/** Leaves its parent, its session and its environment, and then tells its pid. */
const LEAVES = `setsid env -i /bin/sh -c 'echo $$ > "$0/kid.new"; mv "$0/kid.new" "$0/kid"; exec sleep 300' "$PWD"`;
export const COMMAND = ['sh', '-c', `(${LEAVES} </dev/null >/dev/null 2>&1 &); echo "pid $$"; sleep 300`];

export const IN_CGROUP = 'in a cgroup';
export const UNDER_KEEPER = 'under a keeper alone';
export const MODES = [IN_CGROUP, UNDER_KEEPER] as const;

/** Makes new namespaces, then becomes the program. */
const HIDING_CGROUPS = `exec unshare --mount sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"' sh "$@"`;
const NOEXEC = `mount --bind ${NATIVE} ${NATIVE} && mount -o remount,bind,noexec ${NATIVE} && exec "$@"`;
// What the parents of this test have left open would be meant for the command.
const CLOSING = `for one in /proc/$$/fd/*; do [ "\${one##*/}" -le 2 ] || eval "exec \${one##*/}>&-"; done`;

export const ONLY_ROOT = mayUnshare() ? null : 'only root can make the namespaces that it needs';

/** The script that starts the program so, and why that cannot be tried here. */
export const SCRIPTS = {
  [IN_CGROUP]: ['exec "$@"', guaranteeHere() === 'cgroup' ? null : 'this user may not make a cgroup here'],
  [UNDER_KEEPER]: guaranteeHere() === 'keeper' ? ['exec "$@"', null] : [HIDING_CGROUPS, ONLY_ROOT],
  // The shell is its process 1: the program is not.
  'with the /proc of others': [
    `exec unshare --mount --pid --fork sh -c 'mount -t tmpfs none /sys/fs/cgroup && "$@"; exit $?' sh "$@"`,
    ONLY_ROOT,
  ],
  'without a keeper': [`exec unshare --mount sh -c '${NOEXEC}' sh "$@"`, ONLY_ROOT],
  // The shell is its process 1, and outlives the program.
  'in a container': [`exec unshare --pid --fork --kill-child --mount-proc sh -c '"$@"; sleep 300' sh "$@"`, ONLY_ROOT],
  'as process 1': [`${CLOSING}; exec unshare --pid --fork --mount-proc "$@"`, ONLY_ROOT],
} as const satisfies { readonly [mode: string]: readonly [script: string, whyNot: string | null] };

/** The pid of what has left the command, once it is there. */
type Kid = number | false | undefined;

/** `orchestrator run` in one of the modes, and what it has started. All of it ends with the test. */
export class Offspring implements Disposable {
  readonly finished: Promise<Ran>;
  readonly #cli: Cli;
  readonly #child;
  stdout = '';
  command = 0;
  kid = 0;
  keeper = 0;

  constructor(cli: Cli, mode: keyof typeof SCRIPTS, words: readonly string[], { skip }: Pick<TestContext, 'skip'>) {
    const [script, whyNot] = SCRIPTS[mode];
    skip(whyNot !== null, whyNot ?? '');
    this.#cli = cli;
    this.#child = cli.startBy(script, ['run', '--agent', 'a', ...words]);
    this.finished = finished(this.#child);
    this.#child.stdout.on('data', (text: string) => (this.stdout += text));
  }

  /** The wrapper's: each script becomes the program. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits until all is at work, and the store knows who keeps it. `kid`: looks for what has left the command. */
  async atWork(session: string, kid: () => Kid = () => this.#toldKid()): Promise<void> {
    this.command = Number(await until(() => /^pid (\d+)$/m.exec(this.stdout)?.[1]));
    await until(() => isGroupTold(this.#cli, session));
    this.keeper = (await sessionOf(this.#cli, session))?.processGroup ?? 0;
    this.kid = await until(kid);
  }

  #toldKid(): Kid {
    const kid = join(this.#cli.folder, 'kid');
    return existsSync(kid) && Number(readFileSync(kid, 'utf8'));
  }

  async killed(...pids: readonly number[]): Promise<void> {
    for (const pid of pids) kill(pid, 'SIGKILL');
    await until(() => pids.every((pid) => isGone(Math.abs(pid))));
  }

  /** Ends the wrapper without its having a say, after others. */
  async killedWith(...pids: readonly number[]): Promise<void> {
    kill(this.pid, 'SIGSTOP');
    await this.killed(...pids);
    const exited = once(this.#child, 'exit');
    kill(this.pid, 'SIGKILL');
    await exited;
  }

  [Symbol.dispose](): void {
    for (const pid of [this.pid, this.keeper, this.command, this.kid]) if (pid > 0) kill(pid, 'SIGKILL');
  }
}

/** Whether other namespaces can be made here: for that one has to be the administrator, with the tools for it. */
function mayUnshare(): boolean {
  if (!isRoot) return false;
  try {
    execFileSync('unshare', ['--mount', '--pid', '--fork', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
