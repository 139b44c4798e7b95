/*
 * The doctor, where only one kind of store has the trouble:
 *  - a file that is not there is a finding, and is not made
 *  - a server that cannot be reached is a finding without the password
 *  - while another process writes, a file is examined all the same
 *  - files that others may read are tightened; a log that has grown is emptied
 *  - a login that may only read is told what could not be done; the login of a superuser is reported
 */
import { chmodSync, existsSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examineStore, makeBundle } from '@agent-orchestrator/runtime';
import { openPostgresStorage } from '@agent-orchestrator/storage-postgres';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createDatabase, userUrl } from '../packages/storage-postgres/test/harness/databases.ts';
import { openWriter } from '../packages/storage-sqlite/src/connection.ts';
import { found, HOUR_MS, login, newPlace, only, PASSWORD, trouble, withRoles } from './support/examined-store.ts';

test('a file that is not there is a finding, and is not made', async () => {
  const path = join(tmpdir(), 'nowhere', 'store.db');

  const { findings, ok } = await examineStore(`sqlite:${path}`, { fix: true });

  expect(ok).toBe(false);
  expect(findings).toMatchObject([
    { check: 'store', severity: 'error', message: expect.stringContaining('STORE_NOT_FOUND') },
  ]);
  expect(existsSync(path)).toBe(false);
});

test('a server that cannot be reached is a finding without the password', async () => {
  const examination = await examineStore(`postgres://agent:${PASSWORD}@127.0.0.1:1/db`);

  expect(examination.findings).toMatchObject([{ check: 'store', severity: 'error' }]);
  expect(JSON.stringify(examination)).not.toContain(PASSWORD);
  expect(JSON.stringify(await makeBundle(examination.url, examination, { version: '1' }))).not.toContain(PASSWORD);
});

test('while another process writes, a file is examined all the same', async () => {
  const { url } = await newPlace('sqlite');
  const writer = openWriter(url.slice('sqlite:'.length));
  writer.exec('BEGIN IMMEDIATE');

  const { findings } = await examineStore(url);
  writer.exec('ROLLBACK');
  writer.close();

  // The lock is kept by this very process, which the list of locks names to no process itself.
  expect(found(findings)).toMatchObject([{ check: 'lock', severity: 'warning' }]);
  expect(only(findings, 'version').severity).toBe('ok');
});

test.skipIf(process.platform === 'win32')('files that others may read are tightened', async () => {
  const { url } = await newPlace('sqlite');
  const path = url.slice('sqlite:'.length);
  chmodSync(path, 0o644);

  const before = await examineStore(url);
  const { ok, fixes } = await examineStore(url, { fix: true });

  expect(found(before.findings)).toMatchObject([{ check: 'permissions', fix: 'tighten_files' }]);
  expect([ok, fixes]).toEqual([true, [{ fix: 'tighten_files', done: true, message: expect.stringContaining(path) }]]);
});

test('a log that has grown is emptied', async () => {
  const { url, orchestrator } = await newPlace('sqlite');
  await orchestrator.enqueueTask({ delayMs: 24 * HOUR_MS });
  // As large as a log gets while a process reads for hours; SQLite takes no notice of what follows its last frame.
  truncateSync(`${url.slice('sqlite:'.length)}-wal`, 200_000_000);

  const grown = await examineStore(url);
  const { findings, fixes } = await examineStore(url, { fix: true });

  expect(found(grown.findings)).toMatchObject([{ check: 'log_size', severity: 'warning', fix: 'empty_log' }]);
  expect(fixes).toMatchObject([{ fix: 'empty_log', message: expect.stringContaining('emptied') }]);
  expect(only(findings, 'log_size').severity).toBe('ok');
  expect(await orchestrator.verify()).toMatchObject({ ok: true, events: 2 });
});

test('a login that may only read is told what could not be done', async () => {
  const place = await newPlace('postgres');
  await trouble(place);
  const reader = { user: 'doctors_reader', password: PASSWORD };
  await withRoles(place.run, [login(reader.user, 'orchestrator_reader')]);

  const { findings, fixes } = await examineStore(userUrl(place.url, reader), { fix: true });

  expect(only(findings, 'permissions')).toMatchObject({ severity: 'notice' });
  expect(only(findings, 'stale_sessions')).toMatchObject({ severity: 'warning' });
  expect(fixes).toMatchObject([
    { fix: 'recover_stale', done: false, message: expect.stringContaining('STORE_PERMISSION') },
  ]);
});

test('the login of a superuser is reported', async () => {
  const database = await createDatabase(inject('postgresUrl'), { migrated: false });
  onTestFinished(() => database.drop());
  const storage = await openPostgresStorage({ url: database.adminUrl });
  await storage.migrate();
  await storage.close();

  const { findings } = await examineStore(database.adminUrl);

  expect(only(findings, 'permissions')).toMatchObject({
    severity: 'warning',
    message: expect.stringContaining('superuser'),
  });
});
