/**
 * The pages, on each kind of store:
 *
 * - every page shows what there is, without a complaint of the browser, and fits on a phone
 * - what agents wrote stays text, and nothing of it is hidden
 * - a commit of another process is on the page within a second
 * - a question that fails leaves what was there, and the page asks again; it waits for what the server still reads
 * - the past has what was there, and says that it is the past, also of a restored store, whose ids have a gap
 * - a command can be copied, also where the browser has no clipboard for the page
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backupStore, openOrchestrator, restoreStore } from '@agent-orchestrator/runtime';
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { createDatabase } from '../../../../packages/storage-postgres/test/harness/databases.ts';
import { CHROMIUM, Tab } from '../support/browser.ts';
import { newPlace } from '../support/place.ts';
import { DashboardProgram } from '../support/program.ts';
import { HOSTILE_TITLE_SHOWN } from '../support/scenario.ts';
import { scene, signIn } from '../support/shown.ts';

const PAGES = [
  'now',
  'tasks',
  'tasks?status=failed',
  'task?id=dead',
  'task?id=asks',
  'task?id=lost',
  'task?id=held',
  'task?id=deaf',
  'session?id=nightly',
  'session?id=dead',
  'session?id=code',
  'leases',
  'agents',
  'events?task=dead',
  'events',
  'event?id=1',
  'trust',
  'now?at=n18',
];
const SECOND = 1_000;
const WIDTHS = [390, 1_280];

test.skipIf(CHROMIUM === null).each(['sqlite', 'postgres'] as const)(
  'every page of a store on %s shows what there is',
  async (kind) => {
    const shown = scene()[kind];
    const { context, tab } = await signIn(shown, { timezoneId: 'Asia/Seoul' });
    const said: Record<string, string> = {};
    for (const name of PAGES) {
      await tab.go(name);
      said[name] = (await tab.page.textContent('main')) ?? '';
      for (const width of kind === 'sqlite' ? WIDTHS : []) {
        await tab.page.setViewportSize({ width, height: 800 });
        const wide = await tab.page.evaluate(() => document.documentElement.scrollWidth);
        expect({ name, wide }).toEqual({ name, wide: expect.toSatisfy((one: number) => one <= width) });
      }
      expect(await tab.page.$$('main img, main script')).toEqual([]);
    }

    expect(said['now']).toMatch(/Which column keeps the old name\?[^]*orchestrator answer t\d+ 'TEXT'/);
    expect(said['tasks']).toContain('주간 보고서 작성');
    expect(said['tasks?status=failed']).toContain('Reconcile invoices');
    expect(said['task?id=dead']).toMatch(/No agent can claim it now[^]*Publish/);
    expect(said['task?id=lost']).toContain('then home-agent');
    expect(said['task?id=held']).toContain(HOSTILE_TITLE_SHOWN);
    expect(said['task?id=deaf']).toMatch(/There is no such task\.[^]*Near it[^]*Reconcile invoices/);
    expect(said['session?id=nightly']).toContain('send it');
    expect(said['session?id=dead']).toMatch(/closed\s*since/);
    expect(said['leases']).toContain('8 leases in view, 1 interrupted, 1 late writes refused');
    expect(said['agents']).toMatch(/openclaw-night[^]*100 %/);
    expect(said['events?task=dead']).toMatch(/⋯ \d+ events that the filter leaves out/);
    expect(said['event?id=1']).toContain('It continues its chain.');
    expect(said['trust']).toMatch(/none of 8 leases[^]*none of \d+ tasks/);
    expect(said['now?at=n18']).toMatch(/Nothing needs you[^]*Next due[^]*Next week/);
    await tab.go('tasks');
    const delays = [await delayOfCommit('first'), await delayOfCommit('second')];
    expect(Math.min(...delays)).toBeLessThan(SECOND);
    expect(await tab.page.title()).not.toBe('owned');
    expect(tab.complaints).toEqual([]);
    await context.close();

    async function delayOfCommit(title: string): Promise<number> {
      await shown.orchestrator.enqueueTask({ title: `made ${title}` });
      const began = performance.now();
      await tab.page.getByText(`made ${title}`).waitFor();
      return performance.now() - began;
    }
  },
);

test.skipIf(CHROMIUM === null)('a question that fails leaves what was there, and the page asks again', async () => {
  const { context, tab } = await signIn(scene().sqlite);
  const { page } = tab;
  const answer = await page.evaluate(async () => (await fetch('api/trust')).text());
  const running = answer.replace(/"phase":"(none|running|done)","ended_at"/, '"phase":"running","ended_at"');
  let asked = 0;
  await page.route('**/api/trust*', async (route) => {
    asked += 1;
    if (asked === 1) return route.fulfill({ contentType: 'application/json', body: running });
    return asked === 2 ? route.abort() : route.continue();
  });

  await tab.go('trust');
  await page.waitForSelector('#verified[data-phase="running"]');
  await page.waitForSelector('main [role="alert"]');
  expect(await page.locator('#verified').count()).toBe(1);
  // The comparison has a thread of its own. The store does not change: the page looks again by itself.
  await page.waitForSelector('#verified[data-phase="done"]', { timeout: 20 * SECOND });
  expect(await page.textContent('#verified')).toMatch(/✓ \d+ events replayed/);
  expect(await page.locator('main [role="alert"]').count()).toBe(0);

  const reading = { error: { code: 'READING', message: 'not read yet' } };
  await page.route('**/api/tasks*', (route) => route.fulfill({ status: 503, json: reading }), { times: 1 });
  await page.evaluate(() => (location.hash = '#/tasks?at=n9'));
  await page.getByText('The server is still reading the log').waitFor();
  await page.waitForSelector('#tasks tbody tr');
  expect(await page.getByText('The server is still reading the log').count()).toBe(0);
  expect(tab.complaints).toEqual([]);
  await context.close();
});

test.skipIf(CHROMIUM === null)('the past has what was there, and says so', async () => {
  const { orchestrator } = scene().sqlite;
  const { context, tab } = await signIn(scene().sqlite);
  const before = await countsIn(tab.page);
  const asOf = await orchestrator.asOf();
  await orchestrator.enqueueTask({ title: 'after that' });
  await expect.poll(() => countsIn(tab.page)).not.toEqual(before);

  await tab.go(`now?at=${asOf}`);
  await tab.waitForState('past');
  await expect.poll(() => countsIn(tab.page)).toEqual(before);
  expect(await tab.page.textContent('#past')).toContain(`#${asOf}`);
  await goThroughMoments(tab);
  await context.close();
});

test.skipIf(CHROMIUM === null)('a restored store is shown at any moment, by events and not by their ids', async () => {
  const { browser, sqlite } = scene();
  const place = await newPlace('postgres', createDatabase);
  const folder = mkdtempSync(join(tmpdir(), 'dashboard-backup-'));
  onTestFinished(async () => {
    await place.drop();
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, 'backup.db');
  await backupStore({ store: sqlite.place.url, file });
  await restoreStore({ file, store: place.url });
  await using restored = await openOrchestrator(place.url);
  await restored.enqueueTask({ title: 'after the restore' });
  const ids = (await restored.listEvents({ before: null, limit: 50 })).items.map(({ id }) => id);
  const lastKept = ids.find((id, at) => (ids[at - 1] ?? id) - id > 1_000_000) ?? 0;
  await using program = await DashboardProgram.start(place.url);
  const context = await browser.newContext({ locale: 'en-GB' });
  const tab = await Tab.open(context, program.link);
  await tab.waitForState('live');

  expect(lastKept).toBeGreaterThan(0);
  await tab.go('tasks');
  await tab.page.getByText('after the restore').waitFor();
  // In the gap: no event has this id.
  await tab.go(`tasks?at=${lastKept + 1_000}`);
  await tab.waitForState('past');
  await tab.page.getByText('after the restore').waitFor({ state: 'detached' });
  await tab.go('now');
  await goThroughMoments(tab);
  expect(tab.complaints).toEqual([]);
  await context.close();
});

test.skipIf(CHROMIUM === null)('a command can be copied, also without a clipboard', async () => {
  const { context, tab } = await signIn(scene().sqlite);
  await tab.go('task?id=dead');
  await tab.page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));

  await tab.page.getByRole('button', { name: 'Copy' }).first().click();

  await tab.page.getByText('Selected: now copy it with the keyboard').waitFor();
  expect(await tab.page.evaluate(() => getSelection()?.toString())).toMatch(/^orchestrator task retry t\d+/);
  expect(tab.complaints).toEqual([]);
  await context.close();
});

async function countsIn(page: Page): Promise<readonly string[]> {
  await page.waitForSelector('[data-count] b');
  return page.$$eval('[data-count] b', (all) =>
    all.map((one) => `${one.parentElement?.dataset['count']} ${one.textContent}`),
  );
}

async function goThroughMoments(tab: Tab): Promise<void> {
  await tab.page.locator('#moment').fill('3');
  await tab.page.locator('#past', { hasText: '3 of' }).waitFor();
  await tab.page.keyboard.press(']');
  await tab.page.locator('#past', { hasText: '4 of' }).waitFor();
  await tab.page.getByRole('button', { name: 'Back to now' }).click();
  await tab.waitForState('live');
}
