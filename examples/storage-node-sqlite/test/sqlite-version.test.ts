/*
 * The SQLite of this Node:
 *  - one that can damage the file is refused, and nothing is made for it
 *  - then no other test of this example is run (`vitest.config.ts`), and a line says so
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openNodeSqliteStorage } from 'example-storage-node-sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { isSafeVersion, OLDEST_SQLITE } from '../src/sqlite-version.ts';

const { node, sqlite } = process.versions;

if (!isSafeVersion())
  process.stderr.write(
    `storage-node-sqlite: Node ${node} has SQLite ${sqlite}, and needs ${OLDEST_SQLITE}. Only its refusal is tested.\n`,
  );

test.each(['3.51.2', '3.50.9', '3.51', '2.99.9'])('SQLite %s can damage the file', (version) => {
  expect(isSafeVersion(version)).toBe(false);
});

test.each(['3.51.3', '3.51.10', '3.53.0', '4.0.0'])('SQLite %s cannot', (version) => {
  expect(isSafeVersion(version)).toBe(true);
});

test.skipIf(isSafeVersion())('this Node is refused, and nothing is made', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'node-sqlite-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'data', 'store.db');
  const refusal = { code: 'STORE_UNSUITABLE', message: expect.stringContaining(String(sqlite)) };

  await expect(openNodeSqliteStorage({ path })).rejects.toMatchObject(refusal);

  expect(existsSync(join(folder, 'data'))).toBe(false);
});
