/*
 * run on a shared store that goes away, by way of a proxy:
 *  - until the TTL is over, whether it refuses connections or says nothing: the command is paused, then ended, 69
 *  - its password is in no variable of the command, which works under the lease all the same
 *  - it is in no line of claim --env either, nor is it lost where the shell has it
 *  - a task that is cancelled ends soon, not by the next heartbeat
 *  - its look for a cancellation that gets no answer: its command ends, its task is released, and it ends at once
 *  - so does a worker in a program that closes its store
 *  - it holds one connection while its command runs, however many heartbeats and looks there are
 *  - until the TTL is just over: the command is ended, 69, its task given back, and the last lines say so
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createWorker, openOrchestrator } from '@agent-orchestrator/runtime';
import { describe, expect, test } from 'vitest';
import { createDatabase, withAdmin } from '../../../packages/storage-postgres/test/harness/databases.ts';
import { Proxy } from '../../../packages/storage-postgres/test/harness/proxy.ts';
import { serverOfFile } from '../../../packages/storage-postgres/test/harness/server-of-file.ts';
import { Cli } from './support/cli.ts';
import { isGone, ORCHESTRATOR, Running, stateOf, until, WORK } from './support/running.ts';

/** What a look at a task sends, and nothing else that a holder does. */
const LOOK = 'FROM orchestrator.tasks t WHERE t.namespace = $1 AND t.id = $2';

const server = serverOfFile();

describe.skipIf(process.platform !== 'linux')('run on a shared store', { timeout: 120_000 }, () => {
  test.for([
    ['refuses connections', (proxy: Proxy) => proxy.close()],
    // Not on new connections either: to a run that hears from the store in time, it is not away.
    ['says nothing any more', async (proxy: Proxy) => proxy.silenceForGood()],
  ] as const)('a store that %s until the TTL is over: the command is paused, then ended, 69', async ([, goAway]) => {
    using cli = new Cli();
    await using store = await openedStore();
    using running = new Running(cli, ['--ttl', '10s', '--store', store.url, '--', ...WORK]);
    const command = await running.command();

    await goAway(store.proxy);
    await running.says('paused');
    await until(() => stateOf(command) === 'T');
    const { exit, stderr } = await running.finished;

    expect([exit, stderr]).toEqual([69, expect.stringContaining('ending it')]);
    expect(isGone(command)).toBe(true);
    expect(stderr).toMatch(
      /did not answer every try\. It is not known whether the outcome of task t1 arrived\. \[STORE_UNREACHABLE\]/,
    );
    expect(stderr).toContain('If it did not arrive, the task is recovered when its lease is stale');
    expect(await store.statuses()).toEqual(['running']);
  });

  test('a task that is cancelled ends soon, not by the next heartbeat', async () => {
    using cli = new Cli();
    await using store = await openedStore();
    using running = new Running(cli, ['--ttl', '1h', '--store', store.url, '--', ...WORK]);
    await running.command();

    const cancelledAt = performance.now();
    await cli.run(['task', 'cancel', 't1', '--store', store.url]);
    const { exit } = await running.finished;

    expect([exit, await store.statuses()]).toEqual([143, ['cancelled']]);
    // Two programs start and end meanwhile; the heartbeat comes after 15 minutes.
    expect(performance.now() - cancelledAt).toBeLessThan(40_000);
  });

  test('a look that gets no answer keeps neither the release nor the end waiting', async () => {
    using cli = new Cli();
    await using store = await openedStore();
    store.proxy.silenceAfter = LOOK;
    const wait = 'echo "pid $$"; read end';
    using running = new Running(cli, ['--ttl', '1h', '--store', store.url, '--', 'sh', '-c', wait]);
    await running.command();
    await until(() => store.proxy.silenceAfter === null);

    const endedAt = performance.now();
    running.child.stdin.end('now\n');
    const { exit } = await running.finished;

    expect([exit, await store.statuses()]).toEqual([0, ['succeeded']]);
    // A read waits for its answer for 75 seconds.
    expect(performance.now() - endedAt).toBeLessThan(40_000);
  });

  test('a look of a worker that gets no answer does not keep the end of its program waiting', async () => {
    await using store = await openedStore();
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const orchestrator = await openOrchestrator(store.url);
    store.proxy.silenceAfter = LOOK;
    const handler = async () => {
      begun.resolve();
      await end.promise;
    };
    const worker = createWorker({ orchestrator, agent: 'a', ttlMs: 3_600_000, handler });
    await begun.promise;
    await store.change();
    await until(() => store.proxy.silenceAfter === null);

    const endedAt = performance.now();
    end.resolve();
    await worker.stop();
    await orchestrator[Symbol.asyncDispose]();

    expect(await store.statuses()).toEqual(['succeeded', 'queued']);
    expect(performance.now() - endedAt).toBeLessThan(40_000);
  });

  test('it holds one connection while its command runs', async () => {
    using cli = new Cli();
    await using store = await openedStore();
    const url = new URL(store.url);
    url.searchParams.set('application_name', 'of-run');
    using running = new Running(cli, ['--ttl', '24s', '--store', url.href, '--', ...WORK]);
    await running.command();
    // So long that heartbeats and looks meet, and far shorter than the second for which the one waits for the other.
    store.proxy.delayMs = 200;

    // Three heartbeats and nine looks.
    const counts = await withAdmin(store.adminUrl, async (sql) => {
      const seen = new Set<number>();
      for (const end = performance.now() + 13_000; performance.now() < end; await pause(5)) {
        const [row] = await sql<{ open: number }[]>`
          SELECT count(*)::int AS open FROM pg_stat_activity WHERE application_name = 'of-run'`;
        seen.add(row?.open ?? 0);
      }
      return seen;
    });

    expect([...counts]).toEqual([1]);
  });

  test('the password of the store is in no variable of the command, which uses the lease all the same', async () => {
    using cli = new Cli();
    await using store = await openedStore();
    const { password } = new URL(store.url);
    const script = `env; cd /; test -s "$PGPASSFILE" && ${ORCHESTRATOR} checkpoint --next-action more --quiet`;

    const { exit, stdout, stderr } = await cli.run(['run', '--agent', 'a', '--', 'sh', '-c', script], {
      env: { ORCHESTRATOR_STORE: store.url, PGPASSWORD: 'of-another-server', TMPDIR: '.' },
    });

    expect([exit, stderr]).toEqual([0, expect.not.stringContaining('error')]);
    expect(stdout).toMatch(/^ORCHESTRATOR_STORE=postgres:\/\/[^:@]+@/mu);
    expect(stdout).not.toContain(password);
    expect(await store.statuses()).toEqual(['succeeded']);
  });

  test('claim --env prints no password of the store, and leaves the variable that has it', async () => {
    using cli = new Cli();
    await using store = await openedStore();
    const { password } = new URL(store.url);
    const claim = ['claim', '--agent', 'a', '--env'];

    const found = await cli.run(claim, { env: { ORCHESTRATOR_STORE: store.url } });
    const [token = ''] = /\d+-[0-9a-f]{32}/u.exec(found.stdout) ?? [];
    await cli.run(['release', '--token', token, '--outcome', 'released'], { env: { ORCHESTRATOR_STORE: store.url } });
    const given = await cli.run([...claim, '--store', store.url]);

    expect([found.exit, given.exit]).toEqual([0, 0]);
    expect(found.stdout).not.toContain('ORCHESTRATOR_STORE');
    expect(given.stdout).toMatch(/^export ORCHESTRATOR_STORE=/mu);
    expect(given.stderr).toContain('the password of the store was not exported');
    expect(found.stdout + given.stdout).not.toContain(password);
  });

  test('a store that is back when the TTL is just over: the task is given back, and the run says so', async () => {
    using cli = new Cli();
    await using store = await openedStore();
    // However late this process hears that the command is to end, it ends when the store is back.
    const script = `trap 'until [ -e end ]; do sleep 0.1; done; exit' TERM; echo "pid $$"; sleep 100 & wait`;
    using running = new Running(cli, ['--ttl', '4s', '--store', store.url, '--', 'sh', '-c', script]);
    const command = await running.command();

    // On new connections, too: what the run sends first would decide whether it is on a new one that it renews.
    store.proxy.silenceForGood();
    await running.says('ending it');
    store.proxy.comeBack();
    writeFileSync(join(cli.folder, 'end'), '');
    const { exit, stderr } = await running.finished;

    expect([exit, isGone(command)]).toEqual([69, true]);
    expect(stderr).toMatch(/until the lease was over\. \[STORE_UNREACHABLE\]\n.*The task was given back/);
    expect(await store.statuses()).toEqual(['queued']);
  });
});

async function openedStore() {
  const database = await createDatabase(server.url);
  const proxy = await Proxy.before(database.url);
  const orchestrator = await openOrchestrator(database.url);
  await orchestrator.enqueueTask({});
  return {
    url: proxy.through(database.url),
    adminUrl: database.adminUrl,
    proxy,
    change: async () => orchestrator.enqueueTask({}),
    statuses: async () => (await orchestrator.listTasks()).items.map(({ status }) => status),
    async [Symbol.asyncDispose]() {
      await orchestrator[Symbol.asyncDispose]();
      await proxy.close();
      await database.drop();
    },
  };
}
