/*
 * What a host holds, with servers and keepers as processes:
 *  - it is renewed by a keeper, of which there is one; a task stays held when its server ends or is killed, and the
 *    next server of the host holds it at once
 *  - a keeper that was killed is replaced at the next call
 *  - a lease that was lost meanwhile is said before the next answer, and the next calls name their tasks
 *  - `kill -9` of the host: the keeper gives the task back within a second, and ends; a new session of the host in the
 *    folder finds it, without a name for the agent
 *  - what the host started and lives on is said, and no other agent takes the task
 *  - host and keeper killed: the death of the host is proved
 *  - without progress the task is parked; the next answer says so, and `resume` takes it back
 *  - two subagents in one host: neither ends the task of the other by leaving it out
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describe, test, type TestContext } from 'vitest';
import { isGone, stateOf } from '../../cli/test/support/running.ts';
import { AgentHost, Machine, until } from './support/agent-host.ts';

/** They wait for clocks and processes, so they wait together; a busy machine makes each of them slower then. */
const AT_ONCE = { concurrent: true, timeout: 60_000 };

const SHORT = { ORCHESTRATOR_TTL: '2s', ORCHESTRATOR_STALE_AFTER: '2s' };

/** A machine on which a host holds t1, with one server. */
async function holding(machine: Machine, options: Parameters<typeof AgentHost.start>[1] = {}): Promise<AgentHost> {
  const host = await AgentHost.start(machine, options);
  await host.call('enqueue_task', { title: 'a' });
  await host.call('claim_task');
  await host.call('checkpoint', { next_action: 'write the lexer' });
  await until(() => machine.keepers.length === 1);
  return host;
}

interface StartedHost {
  readonly words?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A host in a process of its own, which holds t1 and has saved a checkpoint. */
async function hostAtWork(
  onTestFinished: TestContext['onTestFinished'],
  machine: Machine,
  { words = [], env = {} }: StartedHost = {},
) {
  await machine.others((orchestrator) => orchestrator.enqueueTask({ title: 'a' }));
  const program = fileURLToPath(new URL('programs/host.ts', import.meta.url));
  const host = spawn(process.execPath, ['--conditions=@agent-orchestrator/source', program, machine.folder, ...words], {
    env: { ...machine.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void host.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: host.stdout }), 'line')) as [string];
  const [keeper] = await until(() => (machine.keepers.length === 1 ? machine.keepers : null));
  return { host, keeper: keeper ?? 0, ...(JSON.parse(line) as { server: number; left: number | null }) };
}

/** Stops a keeper while it does not write: else it would keep the lock of the store, and no other could write. */
async function stopOutsideOfWrite({ path }: Machine, keeper: number): Promise<void> {
  const store = new Database(path, { timeout: 0 });
  await until(async () => {
    process.kill(keeper, 'SIGSTOP');
    await until(() => stateOf(keeper) === 'T');
    try {
      store.exec('BEGIN IMMEDIATE; ROLLBACK');
      return true;
    } catch {
      process.kill(keeper, 'SIGCONT');
      return false;
    }
  });
  store.close();
}

const statusOf = (machine: Machine) =>
  machine.others(async (orchestrator) => (await orchestrator.getTask('t1'))?.status ?? null);

describe('while the host lives', AT_ONCE, () => {
  test('a task is renewed by its keeper, also without a server', async ({ expect }) => {
    using machine = new Machine();
    const host = await holding(machine, { env: SHORT });
    await host.client.close();

    const renewed = await machine.others((orchestrator) =>
      until(async () => {
        const session = await orchestrator.getSession('t1');
        return (session?.renewals ?? 0) > 2 ? session : null;
      }),
    );

    expect(renewed).toMatchObject({ status: 'running', agent: 'company-agent', ttlMs: 2_000 });
  });

  test('and its server is killed, the next one holds the task', async ({ expect }) => {
    using machine = new Machine();
    await using first = await holding(machine);
    const { keepers } = machine;
    process.kill(first.server, 'SIGKILL');
    await until(() => isGone(first.server));
    await using other = await AgentHost.start(machine, { env: { ORCHESTRATOR_AGENT: 'home-agent' } });
    await using second = await AgentHost.start(machine, { era: 'legacy' });

    const refused = await other.call('claim_task');
    const resumed = await second.call('resume');
    const released = await second.call('release_task', { outcome: 'succeeded' });

    expect(refused.text).toMatch(/^No task waits for home-agent now\./u);
    expect(resumed.lines[0]).toMatch(/^You hold t1 until /u);
    expect(resumed.lines).toContain('next action "write the lexer"');
    expect([released.isError, machine.keepers]).toEqual([false, keepers]);
    await machine.others(async (orchestrator) => {
      expect(await orchestrator.getTask('t1')).toMatchObject({ status: 'succeeded', interruptions: 0 });
      expect(await orchestrator.verify()).toMatchObject({ findings: [] });
    });
  });

  test('a keeper that was killed is replaced at the next call', async ({ expect }) => {
    using machine = new Machine();
    await using host = await holding(machine);
    const [killed = 0] = machine.keepers;
    process.kill(killed, 'SIGKILL');
    await until(() => isGone(killed));

    await host.call('task_status');

    const [next = 0] = await until(() => machine.keepers.filter((pid) => !isGone(pid)));
    expect([next === killed, next]).toEqual([false, expect.any(Number)]);
  });

  test('a lease that was lost is said before the next answer, and the next calls name their tasks', async ({
    expect,
  }) => {
    using machine = new Machine();
    await using host = await holding(machine, { env: SHORT });
    await host.call('enqueue_task', { title: 'b' });
    const [keeper = 0] = machine.keepers;
    await stopOutsideOfWrite(machine, keeper);
    await machine.others((orchestrator) =>
      until(async () => (await orchestrator.claimTask({ agent: 'home-agent', sessionId: 't1' })).ok, 20_000),
    );
    process.kill(keeper, 'SIGCONT');

    const seen = await until(async () => {
      const answer = await host.call('task_status');
      return answer.text.includes('no longer') ? answer : null;
    });
    const next = await host.call('claim_task');

    expect(seen.lines[0]).toMatch(
      /^You no longer hold t1: \S+ at \S+Z; home-agent holds its session now\. Stop that work\.$/u,
    );
    expect(seen.lines[1]).toMatch(/^You hold no task\./u);
    expect((await host.call('task_status')).text).not.toContain('no longer');
    // A subagent that has not heard of it would otherwise save its work as that of t2.
    expect(next.lines[0]).toContain('name one in each call (task: "t2")');
    expect(await host.call('checkpoint', { next_action: 'x' })).toMatchObject({
      isError: true,
      text: 'You hold t2. Next: call again with task: "t2".',
    });
  });

  test('two subagents: neither ends the task of the other by leaving it out', async ({ expect }) => {
    using machine = new Machine();
    await using host = await holding(machine);
    await host.call('enqueue_task', { title: 'b' });
    await host.call('claim_task');

    const done = await host.call('release_task', { outcome: 'succeeded', task: 't1' });
    const again = await host.call('release_task', { outcome: 'succeeded' });

    expect(done.text).toBe('t1 was released as succeeded and is succeeded. You hold t2. Next: continue with t2.');
    expect(again).toMatchObject({ isError: true, text: 'You hold t2. Next: call again with task: "t2".' });
    await machine.others(async (orchestrator) => {
      expect(await orchestrator.getTask('t2')).toMatchObject({ status: 'running' });
    });
  });

  test('without progress the task is parked, the next answer says so, and resume takes it back', async ({ expect }) => {
    using machine = new Machine();
    await using host = await holding(machine, { env: { ORCHESTRATOR_PARK_AFTER: '1500ms' } });
    machine.tellOfTurn();

    await until(async () => (await statusOf(machine)) === 'queued');
    const status = await host.call('task_status');
    const resumed = await host.call('resume');

    expect(status.lines[0]).toMatch(/^t1 was parked at \S+Z: 1s without progress\. Next: resume takes it back\.$/u);
    expect(resumed.lines[0]).toMatch(/^You hold t1 until \S+Z; it is renewed, and parked after 1500ms without /u);
    expect(resumed.lines).toContain('next action "write the lexer"');
    expect(resumed.text).toContain('The host of company-agent showed no progress for 1s.');
  });
});

describe.runIf(process.platform === 'linux')('when the host has ended', AT_ONCE, () => {
  test('its keeper gives the task back within a second, to the next session in the folder', async ({
    expect,
    onTestFinished,
  }) => {
    using machine = new Machine();
    // Without a name, the agent is the one of host, machine and folder.
    const env = { ORCHESTRATOR_AGENT: '' };
    const { host, keeper } = await hostAtWork(onTestFinished, machine, { env });
    await machine.others(async (orchestrator) => {
      host.kill('SIGKILL');
      await once(host, 'exit');
      const endedAt = performance.now();

      await until(async () => (await orchestrator.getTask('t1'))?.status === 'queued');
      const givenBackMs = performance.now() - endedAt;
      await until(() => isGone(keeper));
      const goneMs = performance.now() - endedAt;

      console.info(`given back in ${Math.round(givenBackMs)} ms, no keeper in ${Math.round(goneMs)} ms`);
      expect(await orchestrator.getTask('t1')).toMatchObject({
        attempt: 0,
        note: expect.stringMatching(/^The host of node@\S+ ended before the task was done\. /u),
      });
      expect(goneMs).toBeLessThan(2_000);
    });
    await using next = await AgentHost.start(machine, { env });
    const { lines } = await next.call('resume');
    expect(lines[0]).toMatch(/^You hold t1 until /u);
    expect(lines).toContain('next action "write the lexer"');
  });

  test('but not what it started: that is said, and no other agent takes the task', async ({
    expect,
    onTestFinished,
  }) => {
    using machine = new Machine();
    const { host, keeper, left } = await hostAtWork(onTestFinished, machine, { env: { LEAVES: 'sleep' } });
    onTestFinished(() => void process.kill(left ?? 0, 'SIGKILL'));
    // The keeper looks once a second at what the host has started.
    await new Promise((resolve) => setTimeout(resolve, 1_500));

    host.kill('SIGKILL');
    await until(() => isGone(keeper));
    await using other = await AgentHost.start(machine, { env: { ORCHESTRATOR_AGENT: 'home-agent' } });
    await using next = await AgentHost.start(machine);

    expect((await other.call('claim_task')).text).toMatch(/^No task waits for home-agent now\./u);
    expect((await next.call('resume')).lines[0]).toMatch(
      new RegExp(`^Your host of t1 has ended, but "sleep \\(${left}\\)" is still running\\. `, 'u'),
    );
    expect(await statusOf(machine)).toBe('running');
  });

  test('and its keeper, too: the death of the host is proved', async ({ expect, onTestFinished }) => {
    using machine = new Machine();
    const { host, keeper, server } = await hostAtWork(onTestFinished, machine);

    for (const pid of [keeper, server]) process.kill(pid, 'SIGKILL');
    host.kill('SIGKILL');
    await until(() => isGone(server) && isGone(keeper) && isGone(host.pid ?? 0));

    await using next = await AgentHost.start(machine);
    const { lines } = await next.call('resume');
    expect(lines.slice(0, 2)).toEqual([
      expect.stringMatching(/^You hold t1 until /u),
      'Taken over from company-agent (resumed).',
    ]);
    expect(lines).toContain('next action "write the lexer"');
  });
});
