import { resolve } from 'node:path';
import { currentFolder } from '../system/current-folder.ts';
import { isSet } from '../system/environment.ts';
import { pathOfVariable } from '../system/path.ts';

/** The variables by which this product, and the programs of PostgreSQL, find files: how each path is read. */
const PATHS: Readonly<Record<string, (path: string, name: string, env: NodeJS.ProcessEnv) => string>> = {
  ORCHESTRATOR_CONFIG: pathOfVariable,
  OPENCLAW_STATE_DIR: pathOfVariable,
  PGPASSFILE: fromHere,
  PGSERVICEFILE: fromHere,
  PGSYSCONFDIR: fromHere,
  PGSSLCERT: fromHere,
  // With a colon it names a key in a device.
  PGSSLKEY: (path) => (path.includes(':') ? path : fromHere(path)),
  // This word stands for the authorities that the system trusts.
  PGSSLROOTCERT: (path) => (path === 'system' ? path : fromHere(path)),
  PGSSLCRL: fromHere,
  PGSSLCRLDIR: fromHere,
};

/** PostgreSQL's programs know no `~`. */
function fromHere(path: string): string {
  return currentFolder() === '' ? path : resolve(currentFolder(), path);
}

/**
 * The environment of this process for a command that it starts. The command may work in another folder, so paths in it
 * are absolute: else it would find another configuration, and with it perhaps another store.
 */
export function inheritedEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return { ...env, ...Object.fromEntries(Object.keys(PATHS).flatMap((name) => absolutePath(name, env))) };
}

function absolutePath(name: string, env: NodeJS.ProcessEnv): (readonly [name: string, path: string])[] {
  const value = env[name];
  if (!isSet(value)) return [];
  try {
    return [[name, PATHS[name]?.(value, name, env) ?? value]];
  } catch {
    // What is no path here is none for the command either, which says so if it needs the variable.
    return [];
  }
}
