/**
 * How a browser gets in, and in again:
 *
 * - the file of `--open` leads to the pages at once; the first load is small
 * - without a session the tab says how to get one, keeps its address, and continues
 * - the program gives a link only for what it shows, also where no browser can be opened
 * - after a restart the page says so, and continues with a new link
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { openingPage } from '../../src/index.ts';
import { CHROMIUM, Tab } from '../support/browser.ts';
import { DashboardProgram } from '../support/program.ts';
import { scene, signIn } from '../support/shown.ts';

const FIRST_LOAD_KB_MAX = 60;

test.skipIf(CHROMIUM === null)(
  'the file of --open leads to the pages at once, and the first load is small',
  async () => {
    const { browser, sqlite } = scene();
    const context = await browser.newContext({ locale: 'en-GB' });
    const tab = new Tab(await context.newPage());
    const statuses: number[] = [];
    const sizes: Promise<number>[] = [];
    tab.page.on('response', (response) => {
      statuses.push(response.status());
      if (/\/(assets\/.*|icon\.svg|)$/.test(new URL(response.url()).pathname))
        sizes.push(
          response
            .request()
            .sizes()
            .then(({ responseBodySize }) => responseBodySize),
        );
    });
    const file = join(sqlite.program.home, 'test-open.html');
    writeFileSync(file, openingPage(await sqlite.program.newLink()));

    await tab.page.goto(pathToFileURL(file).href);
    await tab.waitForState('live');

    expect(statuses.filter((status) => status >= 400)).toEqual([]);
    const loadedKb = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0) / 1_024;
    expect(loadedKb).toBeGreaterThan(1);
    expect(loadedKb).toBeLessThan(FIRST_LOAD_KB_MAX);
    await context.close();
  },
);

test.skipIf(CHROMIUM === null)(
  'without a session the tab says how to get one, keeps its address, and continues',
  async () => {
    const { browser, sqlite } = scene();
    const context = await browser.newContext({ locale: 'en-GB' });
    const cold = await Tab.open(context, `${sqlite.program.url}#/task?id=dead`);
    expect(await cold.page.textContent('body')).toContain('orchestrator dashboard');

    const second = await Tab.open(context, await sqlite.program.newLink());
    await second.waitForState('live');
    await cold.page.getByText('Reconcile invoices').first().waitFor();
    expect(cold.page.url()).toContain('#/task?id=dead');

    await context.clearCookies();
    await second.page.reload();
    expect(await second.page.textContent('body')).toContain('This browser is not signed in.');
    await context.close();
  },
);

test.skipIf(CHROMIUM === null)(
  'the program gives a link only for what it shows, also where no browser can be opened',
  async () => {
    const { place, program } = scene().sqlite;
    const atPort = ['--port', String(program.port)];
    // Where the file that opens a browser would be.
    mkdirSync(join(program.home, 'state', 'orchestrator', 'dashboard', 'open.html'), { recursive: true });

    const same = await DashboardProgram.run(place.url, [...atPort, '--open'], program.home);
    const other = await DashboardProgram.run(place.url, [...atPort, '--namespace', 'ops'], program.home);
    const without = await DashboardProgram.run(place.url, [...atPort, '--no-payloads'], program.home);

    expect(same).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(program.url),
      stderr: expect.stringContaining('open the link yourself'),
    });
    expect(other).toMatchObject({
      code: 69,
      stdout: '',
      stderr: expect.stringContaining('shows the namespace default'),
    });
    expect(without).toMatchObject({ code: 69, stdout: '', stderr: expect.stringContaining('without --no-payloads') });
  },
);

test.skipIf(CHROMIUM === null)('after a restart the page says so, and continues with a new link', async () => {
  const { sqlite } = scene();
  const { place, program } = sqlite;
  const { context, tab } = await signIn(sqlite);
  await tab.page.waitForSelector('#working tbody tr');
  const shown = await tab.page.textContent('#working');

  await program.stop();
  await tab.waitForState('stopped');
  expect(await tab.page.textContent('#working')).toBe(shown);
  expect(await tab.page.textContent('.warning')).toContain('old');

  sqlite.program = await DashboardProgram.start(place.url, ['--port', String(program.port)], program.home);
  await tab.waitForState('signed_out');
  expect(await tab.page.textContent('.warning')).toContain('orchestrator dashboard');
  await Tab.open(context, sqlite.program.link);
  await tab.waitForState('live');
  await context.close();
});
