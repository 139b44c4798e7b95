import { dirname } from 'node:path';
import type { Environment } from '../system/environment.ts';
import { configPath, readConfigFile, type ConfigFile } from './config-file.ts';
import { ofDefault, ofFile, ofVariable, type Setting } from './setting.ts';

/** The packages whose storages are used beside the built-in ones. */
export interface StoragePackages {
  /** Names of packages, and paths of modules. */
  readonly names: Setting<readonly string[]>;
  /**
   * The folder of the configuration: packages are looked for from it, and relative paths start in it. Never the current
   * one: whatever project a command happens to run in could bring code of its own.
   */
  readonly folder: string;
}

/**
 * Reads `ORCHESTRATOR_STORAGES`, a list with commas, or else `storages` in the configuration file.
 *
 * @throws `CONFIG_INVALID`
 */
export function storagePackages(env: Environment, file: ConfigFile | null = readConfigFile(env)): StoragePackages {
  const names = listVariable(env) ?? ofFile(file, file?.values.storages) ?? ofDefault([]);
  return { names, folder: dirname(configPath(env).path) };
}

function listVariable(env: Environment): Setting<readonly string[]> | null {
  const found = ofVariable(env, 'ORCHESTRATOR_STORAGES');
  return found && { ...found, value: found.value.split(',').flatMap((name) => name.trim() || []) };
}
