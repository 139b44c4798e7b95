/*
 * Runs whose wrapper is dead, on real processes:
 *  - a wrapper killed with its command is recovered within two seconds by a process that watches
 *  - the event has the evidence
 *  - a wrapper killed alone leaves its command, which keeps the lease until its end, and is named
 *  - such a command is refused once its session is taken over
 *  - a lease that a program from elsewhere renews with its token is not over with the run; that of a command which
 *    renews it is
 *  - a plain claim records no process, and is not recovered when its process ends
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findLeaseProcesses } from '@agent-orchestrator/runtime';
import { describe, test } from 'vitest';
import { Cli } from './support/cli.ts';
import {
  addTask,
  isGone,
  isGroupTold,
  kill,
  ORCHESTRATOR,
  Running,
  sessionOf,
  taskOf,
  until,
  WORK,
} from './support/running.ts';

describe.skipIf(process.platform !== 'linux')('dead at once', { timeout: 120_000 }, () => {
  // By itself, and again if need be: the promise is for a machine that has time to look.
  test(
    'a wrapper killed with its command is recovered within two seconds by a process that watches',
    { retry: 2 },
    async ({ expect }) => {
      using cli = new Cli();
      const id = await addTask(cli, { sessionId: 's' });
      const watching = cli.start(['recover', '--watch', '--jsonl']);
      const lines = createInterface({ input: watching.stdout })[Symbol.asyncIterator]();
      using running = new Running(cli, ['--', ...WORK]);
      const command = await running.command();
      await until(() => isGroupTold(cli, 's'));

      // First what it started, or the wrapper would have reported how that came out.
      running.child.kill('SIGSTOP');
      kill(-command, 'SIGKILL');
      running.child.kill('SIGKILL');
      const killedAt = Date.now();
      const recovered = JSON.parse((await lines.next()).value as string) as { data: object[] };
      watching.kill('SIGINT');

      expect(recovered.data).toMatchObject([{ session_id: 's', reason: 'dead', outcome: 'requeued' }]);
      expect(await taskOf(cli, id)).toMatchObject({ status: 'queued', interruptions: 1 });
      const { data: events } = await cli.json(['events', '--session', 's', '--type', 'task.recovered']);
      const [{ at, payload } = { at: '', payload: {} }] = events as unknown as { at: string; payload: object }[];
      expect(payload).toMatchObject({
        reason: 'dead',
        evidence: { pid: running.pid, observed: expect.stringMatching(/gone|ended/) },
      });
      expect(Date.parse(at) - killedAt).toBeLessThan(2_000);
    },
  );

  test.concurrent('a wrapper killed alone leaves its command, which is named, and refused after a takeover', async ({
    expect,
  }) => {
    using cli = new Cli();
    await addTask(cli, { sessionId: 's' });
    const checkpoint = `${ORCHESTRATOR} checkpoint --next-action more; echo "exit $?"`;
    const script = `echo "pid $$"; while [ ! -e go ]; do sleep 0.05; done; ${checkpoint}`;
    using running = new Running(cli, ['--ttl', '3s', '--', 'sh', '-c', script]);
    const command = await running.command();
    const { fence = 0 } = (await sessionOf(cli, 's')) ?? {};

    running.child.kill('SIGKILL');
    await once(running.child, 'exit');
    const early = await cli.json(['recover']);
    const named = findLeaseProcesses({ sessionId: 's', fence: fence ?? 0 });
    const late = await cli.json(['claim', '--agent', 'b', '--session', 's', '--wait', '60s']);
    execFileSync('touch', [join(cli.folder, 'go')]);
    await until(() => running.stdout.includes('exit'));

    expect(early.data).toEqual([]);
    expect(named).toContainEqual({ pid: command, start: expect.stringMatching(/^\d+$/), command: 'sh' });
    expect(late.data['takeover']).toMatchObject({ reason: 'expired', from: { fence } });
    expect(running.stdout).toContain('exit 77');
    expect(running.stderr).toContain('b holds the session now, with fence');
  });

  test.concurrent('so does a command without the lease in its environment, in the process group of the run', async ({
    expect,
  }) => {
    using cli = new Cli();
    await addTask(cli, { sessionId: 's' });
    const script = 'echo "pid $$"; exec env -i /bin/sleep 600';
    using running = new Running(cli, ['--', 'sh', '-c', script]);
    const command = await running.command();
    await until(() => isGroupTold(cli, 's'));

    running.child.kill('SIGKILL');
    await once(running.child, 'exit');
    const early = await cli.json(['recover']);
    const why = await cli.run(['why', 's']);
    kill(-command, 'SIGKILL');
    await until(() => isGone(command));
    const late = await cli.json(['recover']);

    expect(early.data).toEqual([]);
    expect(why.stdout).toContain(`process ${command} (sleep)`);
    expect(late.data).toMatchObject([{ session_id: 's', reason: 'dead' }]);
  });

  test.concurrent.for([
    ['heartbeat', 'elsewhere', []],
    ['checkpoint', 'elsewhere', []],
    ['heartbeat', 'the command', [{ session_id: 's', reason: 'dead' }]],
    ['checkpoint', 'the command', [{ session_id: 's', reason: 'dead' }]],
  ] as const)('a %s of %s, then the run and all that it started are killed', async ([verb, who, found], { expect }) => {
    using cli = new Cli();
    await addTask(cli, { sessionId: 's' });
    const words = verb === 'heartbeat' ? [verb] : [verb, '--next-action', 'more'];
    const renewal = who === 'elsewhere' ? '' : `${ORCHESTRATOR} ${words.join(' ')} --quiet; `;
    const script = `${renewal}echo "token $ORCHESTRATOR_TOKEN"; echo "pid $$"; exec sleep 600`;
    using running = new Running(cli, ['--ttl', '10m', '--', 'sh', '-c', script]);
    const command = await running.command();
    await until(() => isGroupTold(cli, 's'));
    const token = /^token (.*)$/m.exec(running.stdout)?.[1] ?? '';
    const env = { ORCHESTRATOR_TOKEN: token };
    const renewed = who === 'elsewhere' ? (await cli.run(words, { env })).exit : 0;

    running.child.kill('SIGSTOP');
    kill(-command, 'SIGKILL');
    running.child.kill('SIGKILL');
    await once(running.child, 'exit');
    await until(() => isGone(command));
    const { data } = await cli.json(['recover']);

    expect([renewed, data]).toMatchObject([0, found]);
    expect(data).toHaveLength(found.length);
  });

  test.concurrent('a plain claim records no process, and is not recovered when its process ends', async ({
    expect,
  }) => {
    using cli = new Cli();
    await addTask(cli, { sessionId: 's' });
    await cli.run(['claim', '--agent', 'a']);

    const { data } = await cli.json(['recover']);

    expect(data).toEqual([]);
    expect(await sessionOf(cli, 's')).toMatchObject({ status: 'running', pid: null, host: null });
  });
});
