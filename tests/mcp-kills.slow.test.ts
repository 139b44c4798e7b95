// Agent hosts, their MCP servers, or both, killed at random moments (`kill -9`) in the middle of one task:
// - the next host of the agent takes the task back at once, by `resume`, with the last checkpoint that was answered
// - the task is done once, and the log is whole
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { seedOfRun } from '@agent-orchestrator/storage-conformance';
import { expect, test } from 'vitest';
import { isGone } from '../apps/cli/test/support/running.ts';
import { AgentHost, Machine, until } from '../apps/mcp-server/test/support/agent-host.ts';
import { Random } from '../packages/storage-conformance/src/processes/random.ts';

const KILLS = 8;
const HOST = fileURLToPath(new URL('../apps/mcp-server/test/programs/counting-host.ts', import.meta.url));

test.runIf(process.platform === 'linux')('hosts that are killed at random moments', { timeout: 300_000 }, async () => {
  const random = new Random(seedOfRun());
  using machine = new Machine();
  const tasks = [{ title: 'count', interruptionsMax: KILLS }, { title: 'other' }];
  await machine.others((orchestrator) => orchestrator.enqueueTasks(tasks));
  let answered = 0;

  for (let kills = 0; kills < KILLS; kills += 1) {
    const words = ['--conditions=@agent-orchestrator/source', HOST, machine.folder];
    const host = spawn(process.execPath, words, { env: machine.env, stdio: ['ignore', 'pipe', 'ignore'] });
    const lines = createInterface({ input: host.stdout });
    const [first] = (await once(lines, 'line')) as [string];
    const { from, server, held } = JSON.parse(first) as { from: number; server: number; held: string };
    // An answer that was on its way when the host was killed may have been stored.
    expect([kills, from - answered === 0 || from - answered === 1, held]).toEqual([
      kills,
      true,
      expect.stringMatching(/^You hold t1 until /u),
    ]);
    lines.on('line', (line) => (answered = (JSON.parse(line) as { n: number }).n));

    await until(() => answered > from);
    await pause(random.between(0, 100));
    const victims = random.pick([[host.pid ?? 0], [server], [server, host.pid ?? 0]]);
    for (const pid of victims) process.kill(pid, 'SIGKILL');
    // A host whose server was killed ends with its next call.
    await once(host, 'close');
    await until(() => isGone(server));
  }

  await using last = await AgentHost.start(machine);
  await last.call('resume');
  const released = await last.call('release_task', { outcome: 'succeeded', result: { n: answered } });
  console.log(`${answered} checkpoints over ${KILLS} kills`);
  expect(released.text).toMatch(/^t1 was released as succeeded/u);
  await machine.others(async (orchestrator) => {
    const { items } = await orchestrator.listEvents({ taskId: 't1', types: ['task.succeeded'] });
    expect(items).toHaveLength(1);
    expect(await orchestrator.getTask('t2')).toMatchObject({ status: 'queued', attempt: 0 });
    expect(await orchestrator.verify()).toMatchObject({ findings: [] });
  });
});
