/**
 * Below a path of a proxy: every page works and hears of changes, and a tab that is hidden lets go of its stream.
 * The pages are read with forced colours, and without movement.
 */
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { CHROMIUM, Tab } from '../support/browser.ts';
import { DashboardProgram } from '../support/program.ts';
import { scene } from '../support/shown.ts';

const PATH = '/tools/orch/';
const SECRET = 'proxy-secret-of-the-test';

test.skipIf(CHROMIUM === null)(
  'below a path of a proxy every page works, and a hidden tab lets go of its stream',
  async () => {
    const { browser, sqlite } = scene();
    await using program = await startBehindProxy(sqlite.place.url);
    const context = await browser.newContext({ forcedColors: 'active', reducedMotion: 'reduce' });
    const tab = await Tab.open(context, program.link);
    await tab.waitForState('live');
    expect(new URL(tab.page.url()).pathname).toBe(PATH);
    for (const name of ['tasks', 'leases', 'agents', 'events', 'trust', 'task?id=dead', 'session?id=code', 'now'])
      await tab.go(name);

    await sqlite.orchestrator.enqueueTask({ title: 'added meanwhile' });
    await tab.go('tasks');
    await tab.page.waitForSelector('text=added meanwhile');
    expect(tab.streams).toBe(1);
    await setHidden(tab, true);
    await expect.poll(() => tab.streams).toBe(0);
    await setHidden(tab, false);
    await tab.waitForState('live');

    expect(tab.streams).toBe(1);
    expect(tab.complaints).toEqual([]);
    await context.close();
  },
);

async function startBehindProxy(store: string): Promise<DashboardProgram> {
  const port = await freePort();
  const proxy = proxyTo(port);
  onTestFinished(() => {
    proxy.close();
    proxy.closeAllConnections();
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const publicUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${PATH}`;
  return DashboardProgram.start(store, ['--port', String(port), '--public-url', publicUrl], undefined, {
    ORCHESTRATOR_PROXY_SECRET: SECRET,
  });
}

/** As the browser would tell the page when another tab comes before it. */
async function setHidden({ page }: Tab, isHidden: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event('visibilitychange'));
  }, isHidden);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Takes its own path away, and sends the secret. What is not below the path, it does not have. */
function proxyTo(port: number): Server {
  return createServer((asked, response) => {
    const { url = '', method, headers } = asked;
    if (!url.startsWith(PATH)) return void response.writeHead(404).end();
    const path = url.slice(PATH.length - 1);
    const passed = { ...headers, 'x-orchestrator-proxy-secret': SECRET };
    const onward = request({ host: '127.0.0.1', port, path, method, headers: passed }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    response.on('close', () => onward.destroy());
    onward.on('error', () => response.destroy());
    onward.end();
  });
}
