import { text } from 'node:stream/consumers';
import { Holdings } from './hosts/holdings.ts';
import { HostKeeper, type KeeperCalls } from './hosts/host-keeper.ts';
import type { KeeperTask } from './hosts/start-keeper.ts';
import { becomeKeeper, isKeeping, leaveKeeping } from './processes/kept-host.ts';
import { loadStorages } from './stores/configured-storages.ts';
import { readConfigFile } from './settings/config-file.ts';
import { storagePackages } from './settings/storage-packages.ts';
import { StoreAccess } from './store-access.ts';

/** A keeper ends within so many milliseconds after it knows the end of its host, whatever the store does. */
const END_WITHIN_MS = 700;

/**
 * The whole program of a keeper: reads its task from standard input, and works until the host has ended, or nothing was
 * held for a while.
 */
export async function runKeeper(): Promise<void> {
  // A key of the terminal is meant for the host.
  for (const signal of ['SIGHUP', 'SIGINT'] as const) process.on(signal, () => {});
  const { host, folder, signs, store: url, namespace, bounds } = JSON.parse(await text(process.stdin)) as KeeperTask;
  if (!becomeKeeper(folder)) return;
  await loadStorages(storagePackages(process.env, readConfigFile(process.env)));
  const holdings = new Holdings(folder);
  await using store = new StoreAccess(url, namespace);
  using keeper = new HostKeeper({
    host,
    holdings,
    signs,
    bounds,
    calls: callsTo(store),
    isWanted: () => isKeeping(folder),
    onHostEnded: endSoon,
  });
  while ((await keeper.run()) === 'nothing_held') {
    if (!isKeeping(folder)) return;
    leaveKeeping(folder);
    // A claim that came meanwhile has seen a keeper at work, and has started none.
    if (holdings.held().length === 0 || !becomeKeeper(folder)) return;
  }
}

function endSoon(): void {
  setTimeout(() => process.exit(), END_WITHIN_MS).unref();
}

function callsTo(store: StoreAccess): KeeperCalls {
  return {
    heartbeat: (call) => store.use('existing', (one) => one.heartbeat(call)),
    checkpoint: (call) => store.use('existing', (one) => one.checkpoint(call)),
    releaseTasks: (items) => store.send('existing', (one, commandId) => one.releaseTasks(items, { commandId })),
  };
}
