import { spawnSync } from 'node:child_process';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

/** A long log is read meanwhile, and other programs may have the cores. */
const PATIENCE_MS = 100_000;

/** Debian's Chromium, or what `CHROMIUM` names; null: there is none. */
export const CHROMIUM = process.env['CHROMIUM'] ?? found('chromium') ?? found('chromium-browser') ?? null;

function found(name: string): string | undefined {
  const path = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
  return path === '' ? undefined : path;
}

export async function startBrowser(): Promise<Browser> {
  if (CHROMIUM === null) throw new Error('there is no Chromium');
  // The sandbox of Chromium refuses to work for root; what it loads here is our own.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: CHROMIUM, args });
}

/** A signed-in tab, and everything in it that a user would not see but that must not happen. */
export class Tab {
  readonly page: Page;
  readonly complaints: string[] = [];
  /** Streams that it has opened and not closed. */
  streams = 0;

  constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.complaints.push(`error: ${error.message}`));
    const count = (by: number) => (request: { url(): string; method(): string }) => {
      if (request.url().endsWith('/api/stream') && request.method() === 'GET') this.streams += by;
    };
    page.on('request', count(1));
    page.on('requestfinished', count(-1));
    page.on('requestfailed', count(-1));
    page.on('console', (message) => {
      // A refused or broken request is one of the things that tests make.
      const isNetwork = message.text().startsWith('Failed to load resource');
      if (['error', 'warning'].includes(message.type()) && !isNetwork)
        this.complaints.push(`console: ${message.text()}`);
    });
  }

  static async open(context: BrowserContext, address: string): Promise<Tab> {
    const tab = new Tab(await context.newPage());
    await tab.page.goto(address);
    return tab;
  }

  /** Goes to a page by its address in the dashboard, and waits until it shows an answer. */
  async go(hash: string): Promise<void> {
    const name = hash.replace(/\?.*$/, '');
    await this.page.evaluate((to) => (location.hash = `#/${to}`), hash);
    await this.page.waitForSelector(`main[data-page="${name}"]`);
    await this.page.waitForFunction(
      () => !/(Reading|읽는 중) …/.test(document.querySelector('main')?.textContent ?? ''),
    );
  }

  async state(): Promise<string | null> {
    return this.page.getAttribute('#live', 'data-state');
  }

  async waitForState(state: string): Promise<void> {
    await this.page.waitForSelector(`#live[data-state="${state}"]`, { timeout: PATIENCE_MS });
  }
}
