/*
 * Closing while reads are under way:
 *  - a server that is slow: all are answered, those too that wait for a connection, or send several statements
 *  - however long it may last, if the bound is endless
 *  - a connection that breaks: its read is repeated, as it is in an open storage
 *  - a server that falls silent: closing ends within its bound, every read that is left is refused, and no connection
 *    stays open or is opened any more, not even the one that is to listen
 *  - a read that was called off: closing does not wait for it, and its connection does not stay open
 *  - a read that gets its connection while the storage closes is refused
 *  - a connection that is being opened ends with `destroy`, whatever the server has answered by then
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Storage } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { Connection } from '../src/connection.ts';
import { ConnectionPool } from '../src/server/connection-pool.ts';
import { openPostgresStorage } from '../src/index.ts';
import { parseServerUrl } from '../src/server/server-address.ts';
import { Proxy } from './harness/proxy.ts';
import { newDatabase, openStorage, orchestratorOn, until } from './open-database.ts';

const CLOSE_MS = 300;
const page = { namespace: 'default', limit: 10 };

const waysIn: readonly ((storage: Storage) => Promise<unknown>)[] = [
  ({ read }) => read.tasks(page),
  ({ read }) => read.claimPreview({ by: 'session', namespace: 'default', sessionId: 'none', scheduledLimit: 1 }),
  ({ read }) => read.settledEventId(),
  ({ read }) => read.snapshot((inside) => inside.tasks(page)),
  (storage) => storage.watch(() => {}),
];

/** More than there are connections for, so most of them wait. */
const reading = (storage: Storage) => Array.from({ length: 5 }, () => waysIn.map((way) => way(storage))).flat();

test.each([undefined, Infinity])('a server that is slow: every read is answered, closeMs: %s', async (closeMs) => {
  const { url } = await newDatabase();
  const proxy = await Proxy.before(url);
  const storage = await openStorage(proxy.through(url), closeMs === undefined ? {} : { closeMs });
  proxy.delayMs = 5;

  const [answers] = await Promise.all([Promise.allSettled(reading(storage)), storage.close()]);

  expect(answers.filter(({ status }) => status === 'rejected')).toEqual([]);
  await until(() => proxy.clients === 0);
  await proxy.close();
});

test('a server that falls silent: closing does not wait for a read that was called off', async () => {
  const { url } = await newDatabase();
  const proxy = await Proxy.before(url);
  const storage = await openPostgresStorage({ url: proxy.through(url), closeMs: Infinity });
  await storage.migrate();
  proxy.silenceForGood();
  const look = new AbortController();
  const reads = [
    storage.read.task('default', 'none', look.signal),
    storage.read.storeState(look.signal),
    orchestratorOn(storage).getTask('none', 'default', look),
  ];

  look.abort(new Error('called off'));
  const answers = await Promise.allSettled(reads);
  await storage.close();

  expect(answers.map((answer) => (answer.status === 'rejected' ? String(answer.reason) : 'answered'))).toEqual(
    reads.map(() => 'Error: called off'),
  );
  await until(() => proxy.clients === 0, 2_000);
  await proxy.close();
});

test('a read that gets its connection while the pool is being closed is refused', async () => {
  const { url } = await newDatabase();
  const pool = new ConnectionPool(parseServerUrl(url), 1);
  await pool.use(async () => {});

  const used = pool.use(async () => 'used');
  const closed = pool.close();

  await expect(used).rejects.toMatchObject({ code: 'STORE_CLOSED' });
  await closed;
});

test('a connection that breaks while the storage closes: its read is repeated', async () => {
  const { url } = await newDatabase();
  const proxy = await Proxy.before(url);
  const storage = await openStorage(proxy.through(url));
  await orchestratorOn(storage).enqueueTask({});
  proxy.delayMs = 200;

  const sent = storage.read.tasks(page);
  const closed = storage.close();
  proxy.drop();
  proxy.delayMs = 0;

  expect((await sent).items).toHaveLength(1);
  await closed;
  await proxy.close();
});

/** Closes a storage on a server that says nothing any more, and waits for what was sent before. */
async function closedInSilence(use: (storage: Storage, proxy: Proxy) => Promise<readonly Promise<unknown>[]>) {
  const { url } = await newDatabase();
  const proxy = await Proxy.before(url);
  const storage = await openPostgresStorage({ url: proxy.through(url), closeMs: CLOSE_MS });
  const answers = Promise.allSettled(await use(storage, proxy));

  const begin = performance.now();
  await storage.close();
  const ms = performance.now() - begin;
  const { accepted } = proxy;
  const codes = (await answers).map((answer) =>
    answer.status === 'rejected' ? (answer.reason as { code?: string }).code : 'answered',
  );
  const answeredMs = performance.now() - begin;

  await until(() => proxy.clients === 0, 2_000);
  expect(proxy.accepted).toBe(accepted);
  await proxy.close();
  return { ms, answeredMs, codes };
}

test('a server that falls silent: closing ends within its bound, and refuses the reads that are left', async () => {
  const { ms, answeredMs, codes } = await closedInSilence(async (storage, proxy) => {
    await Promise.all(reading(storage));
    proxy.silenceForGood();
    return reading(storage);
  });

  expect(codes).toEqual(codes.map(() => 'STORE_CLOSED'));
  expect(ms).toBeGreaterThanOrEqual(CLOSE_MS - 1);
  expect(answeredMs).toBeLessThan(CLOSE_MS + 2_000);
});

test('so it is while connections are being opened, and where a snapshot is open', async () => {
  const { answeredMs, codes } = await closedInSilence(async (storage, proxy) => {
    const began = Promise.withResolvers<void>();
    const snapshot = storage.read.snapshot(async (inside) => {
      began.resolve();
      for (;;) await inside.tasks(page);
    });
    snapshot.catch(() => {});
    await began.promise;
    proxy.silenceForGood();
    return [snapshot, ...reading(storage)];
  });

  expect(codes).toEqual(codes.map(() => 'STORE_CLOSED'));
  expect(answeredMs).toBeLessThan(CLOSE_MS + 2_000);
});

test('so it is while the connection is being opened that is to listen', async () => {
  const { answeredMs, codes } = await closedInSilence(async (storage, proxy) => {
    await storage.read.tasks(page);
    // All that this connection sends.
    proxy.silenceAfter = 'listen "orchestrator_changed"';
    const watch = storage.watch(() => {});
    await until(() => proxy.silenceAfter === null);
    return [watch];
  });

  expect(codes).toEqual(['STORE_CLOSED']);
  expect(answeredMs).toBeLessThan(CLOSE_MS + 2_000);
});

test('a connection that is being opened ends when it is destroyed', async ({ onTestFinished }) => {
  const server = createServer((client) => void client.resume());
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  // The server never says whether it speaks TLS.
  const connection = new Connection(parseServerUrl(`postgres://a:b@127.0.0.1:${port}/x?sslmode=require`));
  const asked = connection.flush([{ text: 'SELECT 1', values: [] }], 60_000);
  asked.catch(() => {});
  const [client] = (await once(server, 'connection')) as [Socket];

  connection.destroy();
  await once(client, 'close');

  await expect(asked).rejects.toThrow('connection');
});
