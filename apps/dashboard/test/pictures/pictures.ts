/** Makes the pictures of the documentation, after `npm run build`: the script `pictures` of this package. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { CHROMIUM } from '../support/browser.ts';
import { DashboardProgram } from '../support/program.ts';
import { playDay } from './day.ts';

const DOCS = fileURLToPath(new URL('../../../../docs', import.meta.url));

/** The page, its size, and how it is looked at. */
const PICTURES = [
  { name: 'dashboard-now', hash: 'now', width: 1_280, height: 1_320, locale: 'en-GB', colorScheme: 'light' },
  {
    name: 'dashboard-leases',
    hash: 'leases?from=BEGIN',
    width: 1_280,
    height: 800,
    locale: 'en-GB',
    colorScheme: 'dark',
  },
  { name: 'dashboard-phone', hash: 'now', width: 390, height: 840, locale: 'ko-KR', colorScheme: 'light' },
] as const;

const folder = process.argv[2] ?? DOCS;
const { store, begin, drop } = await playDay();
await using program = await DashboardProgram.start(store);
const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
let link = program.link;
for (const { name, hash, width, height, locale, colorScheme } of PICTURES) {
  const context = await browser.newContext({
    viewport: { width, height },
    locale,
    colorScheme,
    timezoneId: 'Asia/Seoul',
  });
  const page = await context.newPage();
  await page.goto(link);
  await shown(page, hash.replace('BEGIN', String(begin)));
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await context.close();
  link = await program.newLink();
}
await browser.close();
drop();

async function shown(page: Page, hash: string): Promise<void> {
  await page.waitForSelector('#live[data-state="live"]');
  await page.evaluate((to) => (location.hash = `#/${to}`), hash);
  await page.waitForSelector(`main[data-page="${hash.replace(/\?.*$/, '')}"] section:nth-of-type(2)`);
  await page.waitForTimeout(500);
}
