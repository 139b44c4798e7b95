import { DEFAULTS, OrchestratorError } from '@agent-orchestrator/core';
import { dirname, join } from 'node:path';
import { agentOfMarks } from './processes/conversations.ts';
import { hostOfThisProcess } from './processes/host-registry.ts';
import { readConfigFile, type ConfigFile } from './settings/config-file.ts';
import { ofArgument, ofDefault, ofDurationVariable, ofFile, ofVariable, type Setting } from './settings/setting.ts';
import { boundedParkAfter, PARK_AFTER_MS } from './settings/park-after.ts';
import { storagePackages } from './settings/storage-packages.ts';
import { thresholds, type Thresholds } from './settings/thresholds.ts';
import { loadStorages } from './stores/configured-storages.ts';
import { locateStore } from './stores/locate-store.ts';
import { urlOfFile } from './stores/registry.ts';
import { defaultAgent } from './system/default-agent.ts';
import { isSet, type Environment } from './system/environment.ts';
import { pathOfVariable } from './system/path.ts';
import { stateFolder } from './system/state-folder.ts';

/** The settings, each with its origin. */
export interface Settings {
  /** A store URL, not yet checked unless it comes from the file: `locateStore` does that. May hold a password. */
  readonly store: Setting<string>;
  readonly namespace: Setting<string>;
  /** By default the agent that lives in the host above, else the user at this machine; null: it names no user. */
  readonly agent: Setting<string | null>;
  readonly ttlMs: Setting<number>;
  readonly staleAfterMs: Setting<number>;
  /** After how long without progress an agent host gives its tasks back. */
  readonly parkAfterMs: Setting<number>;
  /** Packages whose storages are used beside the built-in ones. They are loaded already. */
  readonly storages: Setting<readonly string[]>;
  /** Of the figures of `health`, each with its origin. */
  readonly thresholds: Thresholds;
}

/** Values from the caller: they come before all others. A program with its own storage calls `registerStorage`. */
export type Arguments = {
  readonly [Name in Exclude<keyof Settings, 'storages' | 'thresholds'>]?: Settings[Name]['value'] | null | undefined;
};

/**
 * Resolves the settings: an argument comes before the environment, then the configuration file, then the default. Empty
 * values count as absent. The file is the one that `ORCHESTRATOR_CONFIG` names, or `orchestrator.json` in
 * `${OPENCLAW_STATE_DIR}` or `${HOME}/.openclaw`.
 *
 * @throws `CONFIG_INVALID`
 */
export async function resolveSettings(given: Arguments = {}, env: Environment = process.env): Promise<Settings> {
  const file = readConfigFile(env);
  const packages = storagePackages(env, file);
  await loadStorages(packages);
  const storeInFile = ofFile(file, await storeOf(file, env));
  return {
    store: ofArgument(given.store) ?? (await storeVariable(env)) ?? storeInFile ?? (await defaultStore(env)),
    namespace:
      ofArgument(given.namespace) ??
      ofVariable(env, 'ORCHESTRATOR_NAMESPACE') ??
      ofFile(file, file?.values.namespace) ??
      ofDefault(DEFAULTS.namespace),
    agent:
      ofArgument(given.agent) ??
      ofVariable(env, 'ORCHESTRATOR_AGENT') ??
      ofFile(file, file?.values.agent) ??
      ofDefault(hostOfThisProcess()?.agent ?? agentOfMarks(env) ?? defaultAgent()),
    ttlMs:
      ofArgument(given.ttlMs) ??
      ofDurationVariable(env, 'ORCHESTRATOR_TTL') ??
      ofFile(file, file?.values.ttl) ??
      ofDefault(DEFAULTS.ttl_ms),
    staleAfterMs:
      ofArgument(given.staleAfterMs) ??
      ofDurationVariable(env, 'ORCHESTRATOR_STALE_AFTER') ??
      ofFile(file, file?.values.stale_after) ??
      ofDefault(DEFAULTS.stale_after_ms),
    parkAfterMs: boundedParkAfter(
      ofArgument(given.parkAfterMs) ??
        ofDurationVariable(env, 'ORCHESTRATOR_PARK_AFTER') ??
        ofFile(file, file?.values.park_after) ??
        ofDefault(PARK_AFTER_MS.default),
    ),
    storages: packages.names,
    thresholds: thresholds(env, file),
  };
}

/** A relative path starts from the folder of the file, not from the current folder. */
async function storeOf(file: ConfigFile | null, env: Environment): Promise<string | undefined> {
  if (file?.values.store === undefined) return undefined;
  try {
    const { provider, location } = await locateStore(file.values.store, { folder: dirname(file.path), env });
    if (file.isShared && provider.withoutSecret?.(location)) throw sharedPassword(file);
    return location.address;
  } catch (error) {
    if (!(error instanceof OrchestratorError) || error.code !== 'STORE_URL_INVALID') throw error;
    const said = `In the configuration file ${file.path}, store is not a store URL: ${error.message}`;
    throw new OrchestratorError('CONFIG_INVALID', said, { field: 'store', hint: error.hint });
  }
}

/** As PostgreSQL's programs refuse a password file that others can read. */
function sharedPassword({ path }: ConfigFile): OrchestratorError {
  const said = `Other users may read the configuration file ${path}, whose store has a password.`;
  const hint = 'Run chmod 600 on that file. If others may have read it, change the password.';
  return new OrchestratorError('CONFIG_INVALID', said, { field: 'store', hint });
}

async function storeVariable(env: Environment): Promise<Setting<string> | null> {
  const url = ofVariable(env, 'ORCHESTRATOR_STORE');
  const path = url === null ? ofVariable(env, 'ORCH_DB_PATH') : null;
  return path === null ? url : { ...path, value: await urlOfFile(pathOfVariable(path.value, 'ORCH_DB_PATH', env)) };
}

async function defaultStore(env: Environment): Promise<Setting<string>> {
  const origin = isSet(env['OPENCLAW_STATE_DIR']) ? 'OPENCLAW_STATE_DIR' : 'HOME';
  return ofDefault(await urlOfFile(join(stateFolder(env), 'data', 'orchestrator.db')), origin);
}
