/**
 * What wakes a watcher:
 * - a commit of another connection, and of this one
 * - SQLite's count of commits alone, where the folder's watcher says nothing
 * - nothing once it was stopped
 */
import { expect, test, vi } from 'vitest';
import { openSqliteStorage } from '../src/index.ts';
import { ChangeWatcher } from '../src/watch.ts';
import { aSession, aStore, add } from './factories.ts';
import { newPath } from './temporary-store.ts';

test('a commit of another connection, and of this one', async () => {
  const { path, storage } = await aStore();
  const peer = await openSqliteStorage({ path });
  const onChange = vi.fn<() => void>();
  const stop = await storage.watch(onChange);

  await add(peer, aSession());
  await vi.waitFor(() => expect(onChange).toHaveBeenCalled());
  onChange.mockClear();
  await add(storage, aSession({ id: 's2' }));
  await vi.waitFor(() => expect(onChange).toHaveBeenCalled());

  await stop();
  await Promise.all([storage.close(), peer.close()]);
});

test('the count of commits alone, where the folder cannot be watched', async () => {
  let version = 1;
  const watcher = new ChangeWatcher(`${newPath()}/no/such/folder/store.db`, () => version);
  const onChange = vi.fn<() => void>();
  const stop = watcher.add(onChange);

  version = 2;
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledOnce());

  await stop();
  version = 3;
  watcher.announce();
  expect(onChange).toHaveBeenCalledOnce();
});
