// The URL decides which file is imported. A URL that names no file, or a store, is refused.
// What becomes of an old database is for the storage's tests.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { importLegacy, openOrchestrator } from '../src/index.ts';

test.each(['memory:', 'postgres://user:secret@host/x'])('%s is refused', async (url) => {
  const refused = importLegacy(url, { apply: false });

  await expect(refused).rejects.toMatchObject({
    code: 'STORE_NOT_LEGACY',
    message: expect.not.stringContaining('secret'),
  });
});

test('the file that the URL names is looked for, and a store is none of the proof of concept', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runtime-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const url = `sqlite:${join(folder, 'store.db')}`;

  await expect(importLegacy(url, { apply: true })).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });

  const store = await openOrchestrator(url);
  await store[Symbol.asyncDispose]();
  await expect(importLegacy(url, { apply: true })).rejects.toMatchObject({ code: 'STORE_NOT_LEGACY' });
});
