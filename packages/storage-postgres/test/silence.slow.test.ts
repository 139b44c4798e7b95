/* Connections that stay open and say nothing any more: they are given up, and what was sent on them is sent anew. */
import { expect, test } from 'vitest';
import { Proxy } from './harness/proxy.ts';
import { isTold, newDatabase, openStorage, orchestratorOn, until } from './open-database.ts';

test(
  'a watcher whose connections fall silent is told again after they were replaced',
  { timeout: 60_000 },
  async () => {
    const { url } = await newDatabase();
    const proxy = await Proxy.before(url);
    const [watching, changing] = [await openStorage(proxy.through(url)), await openStorage(url)];
    const stop = await watching.watch(() => {});
    proxy.silence();

    await until(async () => isTold(watching, changing), 30_000);

    expect(await isTold(watching, changing)).toBe(true);
    await stop();
    await proxy.close();
  },
);

test(
  'a command whose connection falls silent is answered on another one, with one effect',
  { timeout: 60_000 },
  async () => {
    const { url } = await newDatabase();
    const proxy = await Proxy.before(url);
    const orchestrator = orchestratorOn(await openStorage(proxy.through(url), { retryMs: 40_000 }));
    await orchestrator.enqueueTask({});
    proxy.silence();

    const { outcome } = await orchestrator.enqueueTask({});

    expect(outcome).toBe('enqueued');
    expect(await orchestrator.counts()).toMatchObject({ tasks: { queued: 2 } });
    await proxy.close();
  },
);
