import { OrchestratorError, type StoreLocation } from '@agent-orchestrator/core';
import { storagePackages } from '../settings/storage-packages.ts';
import type { Environment } from '../system/environment.ts';
import { absolutePath } from '../system/path.ts';
import { loadStorages } from './configured-storages.ts';
import { unconfiguredStorageOf, unconfiguredStorages, urlOfFile, type KnownStorage } from './registry.ts';

/** The store that a URL names, and the storage that can open it. */
export interface LocatedStore extends KnownStorage {
  readonly location: StoreLocation;
}

export interface LocateOptions {
  /** The folder that a relative path starts from; the current folder by default. */
  readonly folder?: string;
  readonly env?: Environment;
}

/**
 * Finds the storage and the place for a store URL, without opening the store. It loads the code of the storage for the
 * URL's scheme. Storages that the configuration names are only loaded for a scheme that no other storage has.
 *
 * @throws `STORE_URL_INVALID`, whose message never repeats a part that may hold a password; `CONFIG_INVALID`;
 *   `STORAGE_FAILED`
 */
export async function locateStore(
  url: string,
  { folder, env = process.env }: LocateOptions = {},
): Promise<LocatedStore> {
  const [, scheme] = /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(url) ?? [];
  if (scheme === undefined)
    throw invalid('The store URL has no scheme: a store is named by a URL, not by a path.', await pathHint(url));
  const { provider, from } = await storageOf(scheme.toLowerCase(), env);
  const refuse = (problem: string) => invalid(`The path in the store URL ${problem}.`);
  const resolvePath = (path: string) => absolutePath(path, { ...(folder !== undefined && { folder }), env, refuse });
  return { provider, from, location: locationOf({ provider, from }, url, resolvePath) };
}

function locationOf(
  { provider, from }: KnownStorage,
  url: string,
  resolvePath: (path: string) => string,
): StoreLocation {
  let location: StoreLocation | null | undefined;
  let cause: unknown;
  try {
    location = provider.parseUrl(url, { resolvePath });
  } catch (error) {
    if (error instanceof OrchestratorError) throw error;
    cause = error;
  }
  const isWhole = [location?.scheme, location?.url, location?.address].every((part) => typeof part === 'string');
  if (location !== undefined && location !== null && isWhole) return location;
  // What it threw may repeat the URL, and with it a password.
  const said = `The storage of ${from} failed to read the store URL.`;
  throw new OrchestratorError('STORAGE_FAILED', said, { field: 'store', cause });
}

async function storageOf(scheme: string, env: Environment): Promise<KnownStorage> {
  const unconfigured = await unconfiguredStorageOf(scheme);
  if (unconfigured !== null) return unconfigured;
  const configured = await loadStorages(storagePackages(env));
  const found = configured.find(({ provider }) => provider.schemes.includes(scheme));
  if (found !== undefined) return found;
  const known = [...(await unconfiguredStorages()), ...configured];
  const examples = known.map(({ provider: { example } }) => example).join(' or ');
  throw invalid(
    `There is no storage for ${scheme}: URLs.`,
    `Write ${examples}; \`storages\` in the configuration names the package of another storage.`,
  );
}

/** Suggests the URL of a path, unless the text looks like the address of a server, which may hold a password. */
async function pathHint(url: string): Promise<string | undefined> {
  if (/[@?=]/.test(url)) return undefined;
  try {
    return `Write ${await urlOfFile(url)}`;
  } catch {
    // It is no path either.
    return undefined;
  }
}

function invalid(message: string, hint?: string): OrchestratorError {
  return new OrchestratorError('STORE_URL_INVALID', message, { field: 'store', ...(hint !== undefined && { hint }) });
}
