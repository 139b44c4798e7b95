import {
  Orchestrator,
  type AnyKinds,
  type OpenStorageOptions,
  type OrchestratorOptions,
  type Storage,
  type Telemetry,
} from '@agent-orchestrator/core';
import { refusalsOfStore } from './insight/metrics/refusal-counts.ts';
import { toEach } from './insight/metrics/to-each.ts';
import { ownProcess } from './processes/own-process.ts';
import { newCommandId } from './system/command-id.ts';
import { newSeed } from './system/seed.ts';
import { resolveSettings } from './resolve-settings.ts';
import { locateStore } from './stores/locate-store.ts';
import { openStorage } from './stores/open-storage.ts';

export type OpenOrchestratorOptions<Kinds extends AnyKinds = AnyKinds> = Omit<OpenStorageOptions, 'filling'> &
  Partial<Omit<OrchestratorOptions<Kinds>, 'storage'>>;

/**
 * Opens an orchestrator on a store; without a URL, on the store and in the namespace that environment and configuration
 * file name (see `resolveSettings`). The store is created and upgraded as needed, unless `mode` says otherwise.
 *
 * ```ts
 * await using orchestrator = await openOrchestrator('sqlite:work.db');
 * await orchestrator.enqueueTask({ title: 'Write the report' });
 * ```
 *
 * @throws `CONFIG_INVALID`, `STORE_URL_INVALID`, `STORE_NOT_FOUND` and the other `STORE_` codes
 */
export async function openOrchestrator<Kinds extends AnyKinds = AnyKinds>(
  url?: string,
  { mode = 'create', busyTimeoutMs, synchronous, forOneCommand, ...options }: OpenOrchestratorOptions<Kinds> = {},
): Promise<Orchestrator<Kinds>> {
  const configured = url === undefined || url === '' ? await resolveSettings() : null;
  const namespace = options.namespace ?? configured?.namespace.value;
  const address = configured?.store.value ?? url ?? '';
  const storage = await openStorage(address, {
    mode,
    ...(busyTimeoutMs !== undefined && { busyTimeoutMs }),
    ...(synchronous !== undefined && { synchronous }),
    ...(forOneCommand !== undefined && { forOneCommand }),
  });
  try {
    if (mode !== 'read-only') await storage.migrate();
  } catch (error) {
    await storage.close();
    throw error;
  }
  return new Orchestrator<Kinds>({
    newCommandId,
    newSeed,
    machine: ownProcess(),
    ...options,
    ...(namespace !== undefined && { namespace }),
    telemetry: await telemetryOf(address, storage, options.telemetry),
    storage,
  });
}

/** That of the caller, and the count of what is refused, if other processes can ask for it. */
async function telemetryOf(address: string, storage: Storage, given: Telemetry | undefined): Promise<Telemetry> {
  const { durable, multiProcess } = storage.capabilities;
  const telemetries = given === undefined ? [] : [given];
  if (durable && multiProcess) telemetries.push(refusalsOfStore((await locateStore(address)).location.url));
  return toEach(telemetries);
}
