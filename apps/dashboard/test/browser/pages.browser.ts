/**
 * The dashboard in a real browser, on each kind of store:
 *
 * - every page shows what there is, without a complaint of the browser, and fits on a phone
 * - a commit of another process is on the page within a second
 * - the past has what was there, and says that it is the past
 * - what agents wrote stays text
 * - what is not live is not called live; after a restart the page continues by itself
 */
import type { Orchestrator } from '@agent-orchestrator/core';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase } from '../../../../packages/storage-postgres/test/harness/databases.ts';
import { CHROMIUM, startBrowser, Tab } from '../support/browser.ts';
import { DashboardProgram } from '../support/program.ts';
import { HOSTILE_TITLE, HERE, playScenario } from '../support/scenario.ts';
import { newPlace, type Place } from '../support/place.ts';

const PAGES = [
  'now',
  'tasks',
  'tasks?status=failed',
  'task?id=dead',
  'task?id=asks',
  'task?id=lost',
  'session?id=nightly',
  'leases',
  'agents',
  'events',
  'event?id=1',
  'trust',
];
const SECOND = 1_000;

if (CHROMIUM === null) console.warn('Chromium could not be found: nothing is tried in a browser.');

describe.skipIf(CHROMIUM === null).each(['sqlite', 'postgres'] as const)('on %s', (kind) => {
  let place: Place;
  let orchestrator: Orchestrator;
  let program: DashboardProgram;
  let browser: Browser;
  let context: BrowserContext;
  let tab: Tab;

  beforeAll(async () => {
    place = await newPlace(kind, createDatabase);
    orchestrator = await openOrchestrator(place.url, HERE);
    await playScenario(orchestrator);
    program = await DashboardProgram.start(place.url);
    browser = await startBrowser();
    context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Asia/Seoul' });
    tab = await Tab.open(context, program.link);
    await tab.waitForState('live');
  });
  afterAll(async () => {
    await browser.close();
    await program[Symbol.asyncDispose]();
    await orchestrator[Symbol.asyncDispose]();
    await place.drop();
  });

  test('every page shows what there is, and fits on a phone', async () => {
    const said: Record<string, string> = {};
    for (const width of [1_280, 390]) {
      await tab.page.setViewportSize({ width, height: 800 });
      for (const name of PAGES) {
        await tab.go(name);
        said[name] = (await tab.page.textContent('main')) ?? '';
        const wide = await tab.page.evaluate(() => document.documentElement.scrollWidth);
        expect({ name, wide }).toEqual({ name, wide: expect.toSatisfy((one: number) => one <= width) });
      }
    }

    expect(tab.complaints).toEqual([]);
    expect(said['now']).toMatch(/Which column keeps the old name\?[^]*orchestrator answer t\d+ 'TEXT'/);
    expect(said['tasks']).toContain('주간 보고서 작성');
    expect(said['tasks?status=failed']).toContain('Reconcile invoices');
    expect(said['task?id=dead']).toMatch(/No agent can claim it now[^]*Publish/);
    expect(said['task?id=lost']).toContain('then home-agent');
    expect(said['session?id=nightly']).toContain('send it');
    expect(said['leases']).toContain('8 leases in view, 1 interrupted, 1 late writes refused');
    expect(said['agents']).toMatch(/openclaw-night[^]*100 %/);
    expect(said['event?id=1']).toContain('It continues its chain.');
    expect(said['trust']).toMatch(/none of 8 leases[^]*none of \d+ tasks/);
  });

  test('log and state are compared in a thread', async () => {
    await tab.go('trust');
    const card = tab.page.locator('#verified');
    // The store does not change meanwhile: the page looks again by itself.
    await tab.page.waitForSelector('#verified[data-phase="done"]', { timeout: 20 * SECOND });

    expect(await card.textContent()).toMatch(/✓ \d+ events replayed/);
  });

  test('a commit of another process is on the page within a second', async () => {
    await tab.go('now');
    await tab.page.setViewportSize({ width: 1_280, height: 800 });
    const delays: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const title = `made in round ${round}`;
      await tab.go('tasks');
      await orchestrator.enqueueTask({ title });
      const began = performance.now();
      await tab.page.getByText(title).waitFor();
      delays.push(performance.now() - began);
    }

    console.info(`${kind}: commit to page ${delays.map(Math.round).join(', ')} ms`);
    expect(Math.max(...delays)).toBeLessThan(SECOND);
  });

  test('the past has what was there, and says so', async () => {
    const counts = async () =>
      tab.page.$$eval('[data-count] b', (all) =>
        all.map((one) => `${one.parentElement?.dataset['count']} ${one.textContent}`),
      );
    await tab.go('now');
    const before = await counts();
    const asOf = await orchestrator.asOf();
    await orchestrator.enqueueTask({ title: 'after that' });
    await expect.poll(counts).not.toEqual(before);

    await tab.go(`now?at=${asOf}`);
    await tab.waitForState('past');
    await expect.poll(counts).toEqual(before);
    expect(await tab.page.textContent('#past')).toContain(`#${asOf}`);

    await tab.page.locator('#moment').fill('3');
    await expect.poll(async () => tab.page.textContent('#past')).toContain('3 of');
    await tab.page.keyboard.press(']');
    await expect.poll(async () => tab.page.textContent('#past')).toContain('4 of');
    await tab.page.getByRole('button', { name: 'Back to now' }).click();
    await tab.waitForState('live');
  });

  test('what agents wrote stays text', async () => {
    for (const name of ['now', 'tasks', 'task?id=held', 'session?id=code', 'events', 'leases']) await tab.go(name);
    await tab.go('task?id=held');

    expect(await tab.page.textContent('h2')).toContain(HOSTILE_TITLE);
    expect(await tab.page.title()).not.toBe('owned');
    expect(await tab.page.$$('main img, main script')).toEqual([]);
    expect(tab.complaints).toEqual([]);
  });

  test('after a restart the page says so, and continues by itself', async () => {
    const { port, home } = program;
    await tab.go('now');
    const shown = await tab.page.textContent('#working');

    await program.stop();
    await tab.waitForState('stopped');
    expect(await tab.page.textContent('#working')).toBe(shown);
    expect(await tab.page.textContent('.warning')).toContain('old');

    program = await DashboardProgram.start(place.url, ['--port', String(port)], home);
    await tab.waitForState('live');
  });

  test('without a session the tab says how to get one, keeps its address, and continues', async () => {
    const other = await browser.newContext({ locale: 'en-GB' });
    const cold = await Tab.open(other, `${program.url}#/task?id=dead`);
    expect(await cold.page.textContent('body')).toContain('orchestrator dashboard');

    const second = await Tab.open(other, await program.newLink(place.url));
    await second.waitForState('live');
    await cold.page.getByText('Reconcile invoices').first().waitFor();
    expect(cold.page.url()).toContain('#/task?id=dead');

    await other.clearCookies();
    await second.page.reload();
    expect(await second.page.textContent('body')).toContain('This browser is not signed in.');
    await other.close();
  });
});
