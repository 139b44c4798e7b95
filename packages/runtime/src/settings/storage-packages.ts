import { dirname } from 'node:path';
import { currentFolder } from '../system/current-folder.ts';
import type { Environment } from '../system/environment.ts';
import { configPath, readConfigFile, type ConfigFile } from './config-file.ts';
import { ofDefault, ofFile, ofVariable, type Setting } from './setting.ts';

/** The packages whose storages are used beside the built-in ones. */
export interface StoragePackages {
  /** Names of packages, and paths of modules. */
  readonly names: Setting<readonly string[]>;
  /** The folder that relative paths start from. */
  readonly pathsFrom: string;
  /**
   * The folder from which a package is looked for, of the configuration. Never the current one: whatever project the
   * operator happens to stand in could bring code under the name of a package.
   */
  readonly folder: string;
}

/**
 * Reads `ORCHESTRATOR_STORAGES`, a list with commas, or else `storages` in the configuration file.
 *
 * @throws `CONFIG_INVALID`
 */
export function storagePackages(env: Environment, file: ConfigFile | null = readConfigFile(env)): StoragePackages {
  const ofConfig = dirname(configPath(env).path);
  const names = listVariable(env) ?? ofFile(file, file?.values.storages) ?? ofDefault([]);
  return { names, pathsFrom: names.from === 'file' ? ofConfig : currentFolder(), folder: ofConfig };
}

function listVariable(env: Environment): Setting<readonly string[]> | null {
  const found = ofVariable(env, 'ORCHESTRATOR_STORAGES');
  return found && { ...found, value: found.value.split(',').flatMap((name) => name.trim() || []) };
}
