/**
 * For every reader:
 *
 * - axe finds nothing on any page, light and dark, in English and Korean: all rules once, those of colours and
 *   language in each
 * - everything can be done with the keyboard
 * - eight tabs work, with one stream
 */
import { createRequire } from 'node:module';
import type { Orchestrator } from '@agent-orchestrator/core';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase } from '../../../../packages/storage-postgres/test/harness/databases.ts';
import { CHROMIUM, startBrowser, Tab } from '../support/browser.ts';
import { newPlace, type Place } from '../support/place.ts';
import { DashboardProgram } from '../support/program.ts';
import { HERE, playScenario } from '../support/scenario.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const PAGES = [
  'now',
  'tasks',
  'task?id=dead',
  'session?id=nightly',
  'leases',
  'agents',
  'events',
  'event?id=1',
  'trust',
  'now?at=n9',
];

const AXE_ALL = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const AXE_CHANGING = ['color-contrast', 'html-has-lang', 'html-lang-valid', 'valid-lang', 'label', 'button-name'];

interface Axe {
  run(document: Document, how: { readonly runOnly: readonly string[] }): Promise<AxeResult>;
}

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

describe.skipIf(CHROMIUM === null)('for every reader', () => {
  let place: Place;
  let orchestrator: Orchestrator;
  let program: DashboardProgram;
  let browser: Browser;

  beforeAll(async () => {
    place = await newPlace('sqlite', createDatabase);
    orchestrator = await openOrchestrator(place.url, HERE);
    await playScenario(orchestrator);
    program = await DashboardProgram.start(place.url);
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await program[Symbol.asyncDispose]();
    await orchestrator[Symbol.asyncDispose]();
    await place.drop();
  });

  test.each([
    ['en-GB', 'light'],
    ['en-GB', 'dark'],
    ['ko-KR', 'light'],
    ['ko-KR', 'dark'],
  ] as const)('axe finds nothing in %s, %s', async (locale, colorScheme) => {
    const isFirst = locale === 'en-GB' && colorScheme === 'light';
    // The page forbids scripts of others; axe is the test's own.
    const context = await browser.newContext({ locale, colorScheme, bypassCSP: true });
    const tab = await Tab.open(context, await program.newLink(place.url));
    await tab.waitForState('live');
    await tab.page.addScriptTag({ path: AXE });
    const found: string[] = [];
    for (const name of PAGES) {
      await tab.go(name);
      const { violations } = await tab.page.evaluate(
        async (rules) => (globalThis as unknown as { axe: Axe }).axe.run(document, { runOnly: rules }),
        isFirst ? AXE_ALL : AXE_CHANGING,
      );
      found.push(...violations.map(({ id, nodes }) => `${name}: ${id}: ${nodes[0]?.html}`));
    }
    await context.close();

    expect(found).toEqual([]);
  });

  test('everything can be done with the keyboard', async () => {
    const context = await browser.newContext({ locale: 'en-GB' });
    const tab = await Tab.open(context, await program.newLink(place.url));
    const { page } = tab;
    await tab.waitForState('live');

    await page.keyboard.press('?');
    expect(await page.locator('dialog[open]').textContent()).toContain('go to a page');
    await page.keyboard.press('Escape');
    expect(await page.locator('dialog[open]').count()).toBe(0);
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    await page.waitForSelector('main[data-page="tasks"] #tasks');
    await page.keyboard.press('/');
    await page.keyboard.type('invoice');
    await page.waitForFunction(() => document.querySelectorAll('#tasks tbody tr').length === 1);
    expect(page.url()).toContain('text=invoice');

    await tab.go('leases');
    await page.locator('.skip').focus();
    await page.keyboard.press('Enter');
    let presses = 0;
    while ((await page.evaluate(() => document.activeElement?.id)) !== 'chart' && presses < 40) {
      await page.keyboard.press('Tab');
      presses += 1;
    }
    expect(presses).toBeLessThan(20);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => (document.querySelector('.card')?.textContent ?? '') !== '');
    await page.keyboard.press('+');
    await page.waitForFunction(() => location.hash.includes('from='));
    await context.close();
  });

  test('eight tabs work, with one stream', async () => {
    const context = await browser.newContext({ locale: 'en-GB' });
    const first = await Tab.open(context, await program.newLink(place.url));
    const others = await Promise.all(Array.from({ length: 7 }, () => Tab.open(context, `${program.url}#/tasks`)));
    for (const tab of [first, ...others]) await tab.waitForState('live');

    await orchestrator.enqueueTask({ title: 'for eight tabs' });
    for (const tab of others) await tab.page.getByText('for eight tabs').waitFor();
    expect([first, ...others].reduce((sum, { streams }) => sum + streams, 0)).toBe(1);
    // The tab that has the stream goes; another one takes over.
    const holder = [first, ...others].find(({ streams }) => streams > 0);
    const left = [first, ...others].filter((tab) => tab !== holder);
    await holder?.page.close();
    await expect.poll(() => left.reduce((sum, { streams }) => sum + streams, 0)).toBe(1);
    await context.close();
  });
});
