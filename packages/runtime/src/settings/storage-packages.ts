import { dirname } from 'node:path';
import { currentFolder } from '../system/current-folder.ts';
import type { Environment } from '../system/environment.ts';
import { configPath, readConfigFile, type ConfigFile } from './config-file.ts';
import { ofDefault, ofFile, ofVariable, type Setting } from './setting.ts';

/** The packages whose storages are used beside the built-in ones. */
export interface StoragePackages {
  /** Names of packages, and paths of modules. */
  readonly names: Setting<readonly string[]>;
  /** Where a relative path starts from. */
  readonly pathsFrom: string;
  /** Where a package is looked for, one folder after the other. */
  readonly folders: readonly string[];
}

/**
 * What `ORCHESTRATOR_STORAGES` says, a list with commas, or else `storages` in the configuration file.
 *
 * @throws `CONFIG_INVALID`
 */
export function storagePackages(env: Environment, file: ConfigFile | null = readConfigFile(env)): StoragePackages {
  const here = currentFolder();
  const ofConfig = dirname(configPath(env).path);
  const names = listVariable(env) ?? ofFile(file, file?.values.storages) ?? ofDefault([]);
  return { names, pathsFrom: names.from === 'file' ? ofConfig : here, folders: [ofConfig, here] };
}

function listVariable(env: Environment): Setting<readonly string[]> | null {
  const found = ofVariable(env, 'ORCHESTRATOR_STORAGES');
  return found && { ...found, value: found.value.split(',').flatMap((name) => name.trim() || []) };
}
