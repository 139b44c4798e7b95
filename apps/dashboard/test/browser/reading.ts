/**
 * For every reader:
 *
 * - axe finds nothing on any page, light and dark, in English and Korean
 * - everything can be done with the keyboard
 * - eight tabs work, with one stream
 */
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { CHROMIUM, Tab } from '../support/browser.ts';
import { scene, signIn } from '../support/shown.ts';

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
const AXE_COLOURS = ['color-contrast'];
const AXE_TEXTS = ['html-has-lang', 'html-lang-valid', 'valid-lang', 'label', 'button-name'];

interface Axe {
  run(document: Document, how: { readonly runOnly: readonly string[] }): Promise<AxeResult>;
}

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

/** One with lists, one with a form and bars, one with a chart, one with verdicts: all colours, and most texts. */
const SOME = ['now', 'task?id=dead', 'leases', 'trust'];

/** All rules once; then what the colour scheme changes, what the language changes, and both. */
const VIEWS = [
  { language: 'en', colorScheme: 'light', rules: AXE_ALL, names: PAGES },
  { language: 'en', colorScheme: 'dark', rules: AXE_COLOURS, names: SOME },
  { language: 'ko', colorScheme: 'light', rules: AXE_TEXTS, names: SOME },
  { language: 'ko', colorScheme: 'dark', rules: [...AXE_COLOURS, ...AXE_TEXTS], names: SOME },
] as const;

test.skipIf(CHROMIUM === null)('axe finds nothing on any page', async () => {
  // The page forbids scripts of others; axe is the test's own.
  const { context, tab } = await signIn(scene().sqlite, { bypassCSP: true });
  await tab.page.addScriptTag({ path: AXE });
  const found: string[] = [];
  for (const { language, colorScheme, rules, names } of VIEWS) {
    await tab.page.emulateMedia({ colorScheme });
    await tab.page.locator('header select').last().selectOption(language);
    await tab.page.waitForSelector(`html[lang="${language}"]`, { state: 'attached' });
    for (const name of names) {
      await tab.go(name);
      const { violations } = await tab.page.evaluate(
        async (runOnly) => (globalThis as unknown as { axe: Axe }).axe.run(document, { runOnly }),
        rules,
      );
      const where = `${language} ${colorScheme} ${name}`;
      found.push(...violations.map(({ id, nodes }) => `${where}: ${id}: ${nodes[0]?.html}`));
    }
  }
  await context.close();

  expect(found).toEqual([]);
});

test.skipIf(CHROMIUM === null)('everything can be done with the keyboard', async () => {
  const { context, tab } = await signIn(scene().sqlite);
  const { page } = tab;

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

test.skipIf(CHROMIUM === null)('eight tabs work, with one stream', async () => {
  const { orchestrator, program } = scene().sqlite;
  const { context, tab: first } = await signIn(scene().sqlite);
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
