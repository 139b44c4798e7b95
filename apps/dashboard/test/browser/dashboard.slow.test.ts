/** The dashboard in a real browser. All parts share one Chromium and, for each kind of store, one program. */
import { afterAll, beforeAll } from 'vitest';
import { CHROMIUM } from '../support/browser.ts';
import { closeScene, openScene } from '../support/shown.ts';

if (CHROMIUM === null) console.warn('Chromium could not be found: nothing is tried in a browser.');
else {
  beforeAll(openScene);
  afterAll(closeScene);
}

await import('./hostile.ts');
await import('./pages.ts');
await import('./proxy.ts');
await import('./reading.ts');
// It stops the program, and starts another one.
await import('./signing-in.ts');
