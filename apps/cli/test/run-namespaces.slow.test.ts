/*
 * Namespaces of processes (PID namespaces), as sandboxes and containers have them, on real processes:
 *  - what has a namespace of its own keeps a killed run from being dead, as all else that the command started
 *  - what has joined a namespace that was there before, and lost its parent there, has left the keeper's sight: a
 *    cgroup shows it, and without one it is a doubt, in which silence decides
 *  - it is ended with the command by the cgroup; without one, the run reports no outcome
 *  - what is executed into the container of a run, as by `docker exec`, is none of it, unless it has the lease
 *  - where a run cannot see its own processes, it ends its command with the group of it
 */
import { execFileSync, spawn } from 'node:child_process';
import { describe, test, type TestContext } from 'vitest';
import { Cli, finished } from './support/cli.ts';
import { IN_CGROUP, Offspring, ONLY_ROOT, UNDER_KEEPER } from './support/offspring.ts';
import { addTask, childrenOf, isGone, isGroupTold, kill, taskOf, until } from './support/running.ts';

/** A namespace of processes that a command of `run` can join. */
class Sandbox implements Disposable {
  readonly #child;

  constructor(skip: TestContext['skip']) {
    skip(ONLY_ROOT !== null, ONLY_ROOT ?? '');
    this.#child = spawn('unshare', ['--pid', '--fork', '--kill-child', 'sleep', '600'], { stdio: 'ignore' });
  }

  /** Its process 1, as it is seen from outside. */
  get #first(): number | undefined {
    return childrenOf(this.#child.pid ?? 0)[0];
  }

  /** A command that joins it, and loses its parent there. */
  async joining(): Promise<string[]> {
    const first = await until(() => this.#first);
    const leaves = '(setsid env -i sleep 300 </dev/null >/dev/null 2>&1 &)';
    return ['sh', '-c', `nsenter --target ${first} --pid sh -c '${leaves}'; echo "pid $$"; sleep 300`];
  }

  /** What has joined it. */
  joined(): number | undefined {
    return childrenOf(this.#first ?? 0).find((pid) => !isGone(pid));
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

describe.skipIf(process.platform !== 'linux')('namespaces of processes', { timeout: 120_000 }, () => {
  test('what is in a namespace of its own keeps a killed run from being dead', async ({ expect, skip }) => {
    using cli = new Cli();
    await addTask(cli, { sessionId: 's' });
    const sandbox = `setsid env -i unshare --pid --fork --mount-proc sh -c '(setsid sleep 300 &) ; exec sleep 300'`;
    const words = ['--', 'sh', '-c', `(${sandbox} </dev/null >/dev/null 2>&1 &); echo "pid $$"; sleep 300`];
    using run = new Offspring(cli, UNDER_KEEPER, words, { skip });
    await run.atWork('s', () => childrenOf(childrenOf(run.keeper).find((pid) => pid !== run.command) ?? 0)[0]);
    const inside = await until(() => childrenOf(run.kid)[0]);

    await run.killedWith(-run.command);
    const early = await cli.json(['recover']);
    kill(run.kid, 'SIGKILL');
    await until(() => isGone(inside));
    await until(async () => (await cli.json(['why', 's'])).data['claimable']);

    expect(early.data).toEqual([]);
  });

  test.for([
    [IN_CGROUP, 'Something that it started is still alive'],
    [UNDER_KEEPER, 'It cannot be proved that all that it started has ended'],
  ] as const)('%s, what has joined a namespace that was there before', async ([mode, said], { expect, skip }) => {
    using cli = new Cli();
    await addTask(cli, { sessionId: 's' });
    using other = new Sandbox(skip);
    using run = new Offspring(cli, mode, ['--', ...(await other.joining())], { skip });
    await run.atWork('s', () => other.joined());

    await run.killedWith(-run.command);
    const early = await cli.json(['recover']);
    const why = await cli.run(['why', 's']);
    await run.killed(run.kid);
    await until(async () => (await cli.json(['why', 's'])).data['claimable']);

    expect(early.data).toEqual([]);
    expect(why.stdout).toContain(said);
  });

  test.for([
    [IN_CGROUP, 143, true],
    [UNDER_KEEPER, 71, false],
  ] as const)(
    '%s, a run that is asked to end such a command exits with %i',
    async ([mode, code, isEnded], { expect, skip }) => {
      using cli = new Cli();
      await addTask(cli, { sessionId: 's' });
      using other = new Sandbox(skip);
      using run = new Offspring(cli, mode, ['--', ...(await other.joining())], { skip });
      await run.atWork('s', () => other.joined());

      kill(run.pid, 'SIGTERM');
      const { exit } = await run.finished;

      expect([exit, isGone(run.command), isGone(run.kid)]).toEqual([code, true, isEnded]);
    },
  );

  test('what is executed into the container of a killed run is none of it, unless it has the lease', async ({
    expect,
    skip,
  }) => {
    using cli = new Cli();
    await addTask(cli, { sessionId: 's' });
    const words = ['--', 'sh', '-c', 'echo "token $ORCHESTRATOR_TOKEN"; sleep 300'];
    using container = new Offspring(cli, 'in a container', words, { skip });
    const token = await until(() => /^token (.+)$/mu.exec(container.stdout)?.[1]);
    await until(() => isGroupTold(cli, 's'));
    const [first = 0] = childrenOf(container.pid);
    const [wrapper = 0] = childrenOf(first);
    const [command = 0] = childrenOf(childrenOf(wrapper)[0] ?? 0);
    const inside = ['--target', String(first), '--pid', '--mount'];
    const tell = async (...told: string[]) =>
      (await finished(cli.startBy(`exec nsenter ${inside.join(' ')} "$@"`, told))).stdout;
    execFileSync('nsenter', [...inside, 'sh', '-c', '(setsid sleep 300 >/dev/null 2>&1 &)']);
    const lease = { ORCHESTRATOR_SESSION: 's', ORCHESTRATOR_TOKEN: token };
    const handedOn = spawn('nsenter', [...inside, 'sleep', '300'], { env: { ...process.env, ...lease } });
    const withLease = await until(() => childrenOf(handedOn.pid ?? 0)[0]);

    kill(wrapper, 'SIGSTOP');
    await container.killed(-command, wrapper);
    const early = await tell('recover');
    const why = await tell('why', 's');
    await container.killed(withLease);
    const late = await tell('recover');

    expect(early).toContain('no holder is proved dead');
    expect(why).toContain('All that it started has ended. But another process has its lease');
    expect(late).toContain('its process and all processes that it started are gone');
  });

  test('where a run cannot see its own processes, a timeout ends its command with its group', async ({
    expect,
    skip,
  }) => {
    using cli = new Cli();
    const id = await addTask(cli, { sessionId: 's' });
    const words = ['--timeout', '1s', '--', 'sh', '-c', 'sleep 300 & sleep 300'];
    using run = new Offspring(cli, 'with the /proc of others', words, { skip });

    const { exit } = await run.finished;

    expect(exit).toBe(124);
    expect(await taskOf(cli, id)).toMatchObject({ status: 'scheduled', attempt: 1 });
  });
});
