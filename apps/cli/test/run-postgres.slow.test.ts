/*
 * run on a shared store that goes away, by way of a proxy:
 *  - until the TTL is over, whether it refuses connections or says nothing: the command is paused, then ended, 69
 */
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, prepareTemplate } from '../../../packages/storage-postgres/test/harness/databases.ts';
import { Proxy } from '../../../packages/storage-postgres/test/harness/proxy.ts';
import { startServer } from '../../../packages/storage-postgres/test/harness/server.ts';
import type { TestServer } from '../../../packages/storage-postgres/test/harness/test-server.ts';
import { Cli } from './support/cli.ts';
import { isGone, Running, stateOf, until } from './support/running.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
  await prepareTemplate(server.url);
}, 60_000);

afterAll(async () => server.stop());

describe.skipIf(process.platform !== 'linux')('run on a shared store', { timeout: 60_000 }, () => {
  test.for([
    ['refuses connections', (proxy: Proxy) => proxy.close()],
    ['says nothing any more', async (proxy: Proxy) => proxy.silence()],
  ] as const)('a store that %s until the TTL is over: the command is paused, then ended, 69', async ([, goAway]) => {
    using cli = new Cli();
    await using store = await openedStore();
    const words = ['--ttl', '4s', '--store', store.url, '--', 'sh', '-c', 'echo "pid $$"; sleep 100 & wait'];
    using running = new Running(cli, words);
    const command = await running.command();

    await goAway(store.proxy);
    await running.says('paused');
    await until(() => stateOf(command) === 'T');
    const { exit, stderr } = await running.finished;

    expect([exit, stderr]).toEqual([69, expect.stringContaining('ending it')]);
    expect(isGone(command)).toBe(true);
    expect(await store.statuses()).toEqual(['running']);
  });
});

async function openedStore() {
  const database = await createDatabase(server.url);
  const proxy = await Proxy.before(database.url);
  const orchestrator = await openOrchestrator(database.url);
  await orchestrator.enqueueTask({});
  return {
    url: proxy.through(database.url),
    proxy,
    statuses: async () => (await orchestrator.listTasks()).items.map(({ status }) => status),
    async [Symbol.asyncDispose]() {
      await orchestrator[Symbol.asyncDispose]();
      await proxy.close();
      await database.drop();
    },
  };
}
