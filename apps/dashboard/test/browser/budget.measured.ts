/**
 * What it costs, on a store of 200,000 events (`npm run measure:dashboard`):
 *
 * - the first load is at most 60 KB, compressed
 * - the first view is there within 2 s
 * - the server has at most 120 MB, after it has read everything and answered the pages, and at most 200 while it
 *   compares log and state
 * - an open tab without changes costs under 1 % of a core
 * - with 100,000 tasks and 50,000 leases, every page has its answer within a second, and it is small
 */
import type { Orchestrator } from '@agent-orchestrator/core';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase } from '../../../../packages/storage-postgres/test/harness/databases.ts';
import { CHROMIUM, startBrowser, Tab } from '../support/browser.ts';
import { newPlace, type Place } from '../support/place.ts';
import { DashboardProgram } from '../support/program.ts';

const EVENTS = 200_000;
const BATCH = 500;
const IDLE_MS = 5_000;
const MEMORY_MB_MAX = 120;
const MEMORY_PEAK_MB_MAX = 200;
const PAGES = [
  'tasks',
  'tasks?text=none-such',
  'leases',
  'leases?from=0',
  'agents',
  'events',
  'now?at=n100000',
  'leases?at=n50000',
];
/** Five events for each of 50,000 tasks with a lease, and two for each that is queued. */
const MANY_EVENTS = 250_000;
const MANY_QUEUED = 50_000;
const MANY_PAGES = [
  ...PAGES,
  'now',
  'tasks?status=queued',
  'tasks?before=50000',
  'tasks?at=n150000',
  'agents?at=n150000',
  'trust',
  'session?id=s100',
  'task?id=t100',
];
const ANSWER_MS_MAX = 1_000;
const ANSWER_KB_MAX = 200;

describe.skipIf(CHROMIUM === null)('on a store of 200,000 events', () => {
  let place: Place;
  let orchestrator: Orchestrator;
  let program: DashboardProgram | undefined;
  let browser: Browser;

  beforeAll(async () => {
    place = await newPlace('sqlite', createDatabase);
    orchestrator = await openOrchestrator(place.url, { synchronous: 'NORMAL' });
    await fill(orchestrator);
    browser = await startBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await program?.[Symbol.asyncDispose]();
    await orchestrator[Symbol.asyncDispose]();
    await place.drop();
  });

  test('first load, first view, memory and an idle tab', { timeout: 180_000 }, async () => {
    expect(await orchestrator.asOf()).toBeGreaterThanOrEqual(EVENTS);
    // The better of two starts: another program may have had the cores.
    const starts = [await firstView(), await firstView()];
    const [best] = starts.toSorted((a, b) => a.firstViewMs - b.firstViewMs);
    const { page, loadedKb } = starts[1] as FirstView;
    const began = performance.now();
    const tab = new Tab(page);
    await tab.waitForState('live');
    const readMs = performance.now() - began;
    for (const name of PAGES) await tab.go(name);
    const memoryMb = started().memoryMb();
    await tab.go('now');
    const used = started().usedMs();
    await new Promise((next) => setTimeout(next, IDLE_MS));
    const idle = (started().usedMs() - used) / IDLE_MS;
    // The comparison of log and state has a thread of its own.
    await tab.go('trust');
    await page.waitForSelector('#verified[data-phase="done"]', { timeout: 120_000 });
    await page.context().close();

    const figures = {
      'first load, KB': loadedKb,
      'first view, ms': best?.firstViewMs ?? Number.NaN,
      'log read after it, ms': readMs,
      'memory, MB': memoryMb,
      'memory at most, with a comparison, MB': started().memoryPeakMb(),
      'idle tab, % of a core': idle * 100,
    };
    for (const [name, value] of Object.entries(figures)) console.info(`${name}: ${value.toFixed(1)}`);
    expect(figures['first load, KB']).toBeLessThan(60);
    expect(figures['first view, ms']).toBeLessThan(2_000);
    expect(figures['memory, MB']).toBeLessThan(MEMORY_MB_MAX);
    expect(figures['memory at most, with a comparison, MB']).toBeLessThan(MEMORY_PEAK_MB_MAX);
    expect(figures['idle tab, % of a core']).toBeLessThan(1);
  });

  test('100,000 tasks and 50,000 leases', { timeout: 180_000 }, async () => {
    await fill(orchestrator, MANY_EVENTS - EVENTS);
    for (let tasks = 0; tasks < MANY_QUEUED; tasks += BATCH)
      await orchestrator.enqueueTasks(Array.from({ length: BATCH }, (_, at) => ({ title: `Wait for ${at}` })));
    const { page } = await firstView();
    await new Tab(page).waitForState('live');

    const slowest: { path: string; ms: number; kb: number }[] = [];
    for (const path of MANY_PAGES) {
      const began = performance.now();
      const length = await page.evaluate(async (to) => (await (await fetch(`api/${to}`)).text()).length, path);
      slowest.push({ path, ms: performance.now() - began, kb: length / 1_024 });
    }
    for (const { path, ms, kb } of slowest) console.info(`${path}: ${ms.toFixed(0)} ms, ${kb.toFixed(1)} KB`);
    await page.context().close();

    expect(slowest.filter(({ ms, kb }) => ms > ANSWER_MS_MAX || kb > ANSWER_KB_MAX)).toEqual([]);
  });

  function started(): DashboardProgram {
    if (program === undefined) throw new Error('it was not started');
    return program;
  }

  interface FirstView {
    readonly page: Page;
    readonly firstViewMs: number;
    readonly loadedKb: number;
  }

  /** Of a program that has just been started. */
  async function firstView(): Promise<FirstView> {
    await program?.[Symbol.asyncDispose]();
    program = await DashboardProgram.start(place.url);
    const page = await (await browser.newContext({ locale: 'en-GB' })).newPage();
    const sizes: Promise<number>[] = [];
    page.on('response', (response) => {
      if (/\/(assets\/.*|icon\.svg|)$/.test(new URL(response.url()).pathname))
        sizes.push(
          response
            .request()
            .sizes()
            .then(({ responseBodySize }) => responseBodySize),
        );
    });
    const began = performance.now();
    await page.goto(program.link);
    await page.waitForSelector('#working tbody tr');
    const firstViewMs = performance.now() - began;
    const loaded = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    return { page, firstViewMs, loadedKb: loaded / 1_024 };
  }
});

/** Five events for each task, as its session is opened and closed with it, and one held session at the end. */
async function fill(orchestrator: Orchestrator, wanted = EVENTS): Promise<void> {
  for (let events = 0; events < wanted; events += 5 * BATCH) {
    const tasks = Array.from({ length: BATCH }, (_, at) => ({
      title: `Summarise the thread of ${at}`,
      kind: `kind-${at % 7}`,
    }));
    await orchestrator.enqueueTasks(tasks);
    const agent = `agent-${(events / BATCH) % 12}`;
    const claimed = await orchestrator.claimTasks({ agent, limit: BATCH });
    if (!claimed.ok) throw new Error('nothing was claimed');
    await orchestrator.releaseTasks(claimed.claims.map(({ lease: { token } }) => ({ token, outcome: 'succeeded' })));
  }
  await orchestrator.enqueueTask({ title: 'at work' });
  await orchestrator.claimTask({ agent: 'agent-0' });
}
