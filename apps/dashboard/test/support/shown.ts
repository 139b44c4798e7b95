import type { Orchestrator } from '@agent-orchestrator/core';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core';
import { createDatabase } from '../../../../packages/storage-postgres/test/harness/databases.ts';
import { startBrowser, Tab } from './browser.ts';
import { newPlace, type Place } from './place.ts';
import { DashboardProgram } from './program.ts';
import { HERE, playScenario } from './scenario.ts';

/** A store with something of everything, and the program that shows it. */
interface Shown {
  readonly place: Place;
  readonly orchestrator: Orchestrator;
  program: DashboardProgram;
}

async function show(kind: 'sqlite' | 'postgres'): Promise<Shown & AsyncDisposable> {
  const place = await newPlace(kind, createDatabase);
  const orchestrator = await openOrchestrator(place.url, HERE);
  await playScenario(orchestrator);
  const shown = { place, orchestrator, program: await DashboardProgram.start(place.url) };
  return Object.assign(shown, {
    [Symbol.asyncDispose]: async () => {
      await shown.program[Symbol.asyncDispose]();
      await orchestrator[Symbol.asyncDispose]();
      await place.drop();
    },
  });
}

/** What all tests in a browser share: a start of Chromium, and of the program, costs more than most of them. */
interface Scene {
  readonly browser: Browser;
  readonly sqlite: Shown & AsyncDisposable;
  readonly postgres: Shown & AsyncDisposable;
}

let opened: Scene | null = null;

export async function openScene(): Promise<void> {
  const [sqlite, postgres, browser] = await Promise.all([show('sqlite'), show('postgres'), startBrowser()]);
  opened = { sqlite, postgres, browser };
}

export async function closeScene(): Promise<void> {
  const { browser, sqlite, postgres } = scene();
  await browser.close();
  await sqlite[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
}

export function scene(): Scene {
  if (opened === null) throw new Error('it is not open');
  return opened;
}

/** A browser of its own, signed in. */
export async function signIn(
  shown: Shown,
  options: BrowserContextOptions = {},
): Promise<{ readonly context: BrowserContext; readonly tab: Tab }> {
  const context = await scene().browser.newContext({ locale: 'en-GB', ...options });
  const tab = await Tab.open(context, await shown.program.newLink());
  await tab.waitForState('live');
  return { context, tab };
}
