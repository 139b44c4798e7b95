/*
 * All that a command starts, on real processes. What it starts here has left it by every way: a session of its own, a
 * parent that is gone, an empty environment. In a cgroup of its own, and under a keeper alone:
 *  - a timeout ends it
 *  - a lost lease ends it
 *  - a signal that gives the task back ends it, even if it ignores the signal
 *  - a lease in doubt stops it, and it continues with the command
 *  - it keeps a killed run from being dead, is named by why, and once it has ended, the run is dead at once
 *  - without its keeper, a run ends what it can find, and reports no outcome
 *  - when its keeper does not run and cannot be continued, a run gives up, and reports no outcome
 *  - when both are killed, nothing is proved, although the cgroup is empty
 * And:
 *  - where no keeper can be executed, all works, and nothing is proved; why and doctor say so
 *  - as process 1, a run reaps what others leave to it
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describe, test, type TestContext } from 'vitest';
import { ControlGroup } from '../../../packages/runtime/src/processes/control-group.ts';
import { guaranteeHere } from '../../../packages/runtime/src/processes/guarantee.ts';
import { Cli, finished, isRoot, type Ran } from './support/cli.ts';
import { addTask, isGone, isGroupTold, kill, sessionOf, stateOf, taskOf, until } from './support/running.ts';

const NATIVE = fileURLToPath(new URL('../native', import.meta.url));
/** Leaves its parent, its session and its environment, and then tells its pid. */
const LEAVES = `setsid env -i /bin/sh -c 'echo $$ > "$0/kid.new"; mv "$0/kid.new" "$0/kid"; exec sleep 300' "$PWD"`;
const COMMAND = ['sh', '-c', `(${LEAVES} </dev/null >/dev/null 2>&1 &); echo "pid $$"; sleep 300`];

const IN_CGROUP = 'in a cgroup';
const UNDER_KEEPER = 'under a keeper alone';
const MODES = [IN_CGROUP, UNDER_KEEPER] as const;

/** Makes new namespaces, then becomes the program. */
const HIDING_CGROUPS = `exec unshare --mount sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"' sh "$@"`;
const NOEXEC = `mount --bind ${NATIVE} ${NATIVE} && mount -o remount,bind,noexec ${NATIVE} && exec "$@"`;
// What the parents of this test have left open would be meant for the command.
const CLOSING = `for one in /proc/$$/fd/*; do [ "\${one##*/}" -le 2 ] || eval "exec \${one##*/}>&-"; done`;

const ONLY_ROOT = mayUnshare() ? null : 'only root can make the namespaces that it needs';

/** The script that starts the program so, and why that cannot be tried here. */
const SCRIPTS = {
  [IN_CGROUP]: ['exec "$@"', guaranteeHere() === 'cgroup' ? null : 'this user may not make a cgroup here'],
  [UNDER_KEEPER]: guaranteeHere() === 'keeper' ? ['exec "$@"', null] : [HIDING_CGROUPS, ONLY_ROOT],
  'without a keeper': [`exec unshare --mount sh -c '${NOEXEC}' sh "$@"`, ONLY_ROOT],
  'as process 1': [`${CLOSING}; exec unshare --pid --fork --mount-proc "$@"`, ONLY_ROOT],
} as const satisfies { readonly [mode: string]: readonly [script: string, whyNot: string | null] };

/** `orchestrator run` in one of the modes, and what it has started. All of it ends with the test. */
class Offspring implements Disposable {
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

  /** Waits until all is at work, and the store knows who keeps it. */
  async atWork(session: string): Promise<void> {
    const kid = join(this.#cli.folder, 'kid');
    this.kid = Number(await until(() => existsSync(kid) && readFileSync(kid, 'utf8').trim()));
    this.command = Number(await until(() => /^pid (\d+)$/m.exec(this.stdout)?.[1]));
    await until(() => isGroupTold(this.#cli, session));
    this.keeper = (await sessionOf(this.#cli, session))?.processGroup ?? 0;
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

describe.skipIf(process.platform !== 'linux')('all that a command starts', { timeout: 120_000 }, () => {
  test.for(MODES)('%s, a timeout ends it', async (mode, { expect, skip }) => {
    using cli = new Cli();
    const id = await addTask(cli, { sessionId: 's' });
    using run = new Offspring(cli, mode, ['--timeout', '8s', '--', ...COMMAND], { skip });
    await run.atWork('s');

    const { exit } = await run.finished;

    expect([exit, isGone(run.command), isGone(run.kid)]).toEqual([124, true, true]);
    expect(await taskOf(cli, id)).toMatchObject({ status: 'scheduled', attempt: 1 });
    await until(() => isGone(run.keeper));
  });

  test.for(MODES)('%s, a lost lease ends it', async (mode, { expect, skip }) => {
    using cli = new Cli();
    await addTask(cli, { sessionId: 's' });
    using run = new Offspring(cli, mode, ['--ttl', '10s', '--', ...COMMAND], { skip });
    await run.atWork('s');

    kill(run.pid, 'SIGSTOP');
    const { data } = await cli.json(['claim', '--agent', 'b', '--session', 's', '--wait', '60s']);
    kill(run.pid, 'SIGCONT');
    const { exit } = await run.finished;

    expect(data['takeover']).toMatchObject({ reason: 'expired' });
    expect([exit, isGone(run.command), isGone(run.kid)]).toEqual([79, true, true]);
  });

  test.for(MODES)('%s, a signal that gives the task back ends it', async (mode, { expect, skip }) => {
    using cli = new Cli();
    const id = await addTask(cli, { sessionId: 's' });
    const stubborn = COMMAND.map((word) => word.replace('exec sleep 300', 'trap "" TERM; while :; do sleep 1; done'));
    using run = new Offspring(cli, mode, ['--', ...stubborn], { skip });
    await run.atWork('s');

    kill(run.pid, 'SIGTERM');
    const { exit } = await run.finished;

    expect([exit, isGone(run.kid)]).toEqual([143, true]);
    expect(await taskOf(cli, id)).toMatchObject({ status: 'queued', attempt: 0, note: 'Interrupted by SIGTERM.' });
  });

  test.for(MODES)('%s, a lease in doubt stops it', async (mode, { expect, skip }) => {
    using cli = new Cli();
    await addTask(cli, { sessionId: 's' });
    using run = new Offspring(cli, mode, ['--ttl', '10s', '--', ...COMMAND], { skip });
    await run.atWork('s');

    const database = new Database(cli.path);
    database.exec('BEGIN IMMEDIATE');
    await until(() => [run.command, run.kid].every((pid) => stateOf(pid) === 'T'));
    database.close();
    await until(() => [run.command, run.kid].every((pid) => stateOf(pid) === 'S'));
    kill(run.pid, 'SIGTERM');
    const { exit } = await run.finished;

    expect(exit).toBe(143);
    await until(() => isGone(run.kid));
  });

  test.for(MODES)('%s, it keeps a killed run from being dead, until it has ended', async (mode, { expect, skip }) => {
    using cli = new Cli();
    await addTask(cli, { sessionId: 's' });
    using run = new Offspring(cli, mode, ['--', ...COMMAND], { skip });
    await run.atWork('s');

    await run.killedWith(-run.command);
    const early = await cli.json(['claim', '--agent', 'b', '--session', 's']);
    const why = await cli.run(['why', 's']);
    const doctor = await cli.run(['doctor']);
    await run.killed(run.kid);
    await until(async () => (await cli.json(['why', 's'])).data['claimable']);
    const late = await cli.json(['recover']);

    expect(early).toMatchObject({ exit: 75, error: { code: 'BUSY' } });
    expect(why.stdout).toContain(`Still alive, although the process that claimed is gone: process ${run.kid} (sleep)`);
    expect(doctor.stdout).toContain('1 holder on this machine is gone, but something that it started is alive.');
    expect(late.data).toMatchObject([{ session_id: 's', reason: 'dead', outcome: 'requeued' }]);
    const { data: events } = await cli.json(['events', '--session', 's', '--type', 'task.recovered']);
    const observed = expect.stringContaining('its keeper shows that all that it started has ended');
    expect(events).toMatchObject([{ payload: { evidence: { pid: run.pid, observed } } }]);
  });

  test.for(MODES)('%s, a run whose keeper was killed exits with 71', async (mode, { expect, skip }) => {
    using cli = new Cli();
    const id = await addTask(cli, { sessionId: 's' });
    using run = new Offspring(cli, mode, ['--', ...COMMAND], { skip });
    await run.atWork('s');

    await run.killed(run.keeper);
    const ran = await run.finished;

    expect([ran.exit, isGone(run.command)]).toEqual([71, true]);
    // Nothing leads to it any more, unless it is in the cgroup.
    expect(isGone(run.kid)).toBe(mode === IN_CGROUP);
    expect(await taskOf(cli, id)).toMatchObject({ status: 'running' });
    expect(ran.stderr).toContain('may still be alive');
  });

  test('a run whose keeper is frozen gives up, and exits with 71', async ({ expect, skip }) => {
    using cli = new Cli();
    const id = await addTask(cli, { sessionId: 's' });
    using run = new Offspring(cli, UNDER_KEEPER, ['--timeout', '8s', '--', ...COMMAND], { skip });
    await run.atWork('s');
    const freezer = ControlGroup.make(`frozen-${run.keeper}`);
    skip(freezer === null, 'this user may not make a cgroup here');
    if (freezer === null) return;
    writeFileSync(freezer.joinFile, String(run.keeper));
    writeFileSync(join(freezer.path, 'cgroup.freeze'), '1');

    const { exit, stderr } = await run.finished;
    const alive = [run.command, run.kid].filter((pid) => !isGone(pid));
    writeFileSync(join(freezer.path, 'cgroup.freeze'), '0');
    await run.killed(run.keeper);
    freezer.remove();

    expect([exit, alive]).toEqual([71, []]);
    expect(stderr).toContain('may still be alive');
    expect(await taskOf(cli, id)).toMatchObject({ status: 'running' });
  });

  test.for(MODES)('%s, a run that was killed with its keeper', async (mode, { expect, skip }) => {
    using cli = new Cli();
    await addTask(cli, { sessionId: 's' });
    using run = new Offspring(cli, mode, ['--', ...COMMAND], { skip });
    await run.atWork('s');

    await run.killedWith(run.keeper, -run.command);
    const early = await cli.json(['recover']);
    await run.killed(run.kid);
    const late = await cli.json(['recover']);
    const why = await cli.run(['why', 's']);

    expect(early.data).toEqual([]);
    expect(late.data).toEqual([]);
    expect(why.stdout).toContain('It cannot be proved that all that it started has ended');
  });

  test('where no keeper can be executed, all works, and nothing is proved', async ({ expect, skip }) => {
    using cli = new Cli();
    const id = await addTask(cli, { sessionId: 'first', priority: 1 });
    await addTask(cli, { sessionId: 's' });
    using first = new Offspring(cli, 'without a keeper', ['--', 'sh', '-c', 'exit 3'], { skip });
    const { exit } = await first.finished;
    const status = (await taskOf(cli, id))?.status;
    using run = new Offspring(cli, 'without a keeper', ['--session', 's', '--', ...COMMAND], { skip });
    await run.atWork('s');

    await run.killedWith(-run.command);
    await run.killed(run.kid);
    const recovered = await cli.json(['recover']);
    const why = await cli.run(['why', 's']);
    const doctor = await finished(cli.startBy(SCRIPTS['without a keeper'][0], ['doctor']));

    expect([exit, status]).toEqual([3, 'scheduled']);
    expect(recovered.data).toEqual([]);
    expect(why.stdout).toContain('It cannot be proved that all that it started has ended');
    expect(doctor.stdout).toContain('cannot prove that all that its command started has ended');
  });

  test('as process 1, a run reaps what others leave to it, and passes signals on', async ({ expect, skip }) => {
    using cli = new Cli();
    const id = await addTask(cli, { sessionId: 's' });
    // What is started from outside, as by `docker exec`, is left to process 1.
    const script = 'echo "pid $$"; until [ -e go ]; do sleep 0.05; done; ps -e -o ppid=,stat= >seen; exec sleep 300';
    using run = new Offspring(cli, 'as process 1', ['--', 'sh', '-c', script], { skip });
    await until(() => run.stdout.includes('pid '));
    const first = Number(readFileSync(`/proc/${run.pid}/task/${run.pid}/children`, 'utf8'));
    const leave = 'for i in 1 2 3; do (setsid true &); done; sleep 0.5';
    execFileSync('nsenter', ['--target', String(first), '--pid', '--mount', 'sh', '-c', leave]);
    writeFileSync(join(cli.folder, 'go'), '');
    const seen = join(cli.folder, 'seen');
    await until(() => existsSync(seen) && readFileSync(seen, 'utf8').includes('R'));

    kill(first, 'SIGTERM');
    const { exit } = await run.finished;

    expect(readFileSync(seen, 'utf8')).not.toMatch(/^ +1 Z/m);
    expect(exit).toBe(143);
    expect(await taskOf(cli, id)).toMatchObject({ status: 'queued', attempt: 0, note: 'Interrupted by SIGTERM.' });
  });
});

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
