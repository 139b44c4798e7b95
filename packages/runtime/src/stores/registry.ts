import { OrchestratorError, type StorageProvider, type StorePlace } from '@agent-orchestrator/core';
import { pathOfArgument } from '../system/path.ts';
import { providerProblem } from './provider-problem.ts';
import { BUILT_IN_STORAGES } from './built-in-storages.ts';

/** A storage and its origin. */
export interface KnownStorage {
  readonly provider: StorageProvider;
  /** The package; of a registered storage, its name. */
  readonly from: string;
}

const registered: KnownStorage[] = [];

/**
 * Adds a storage of the program itself: from then on, its URLs work like those of the built-in ones. On the command
 * line, the configuration names the storage's package instead.
 *
 * @throws `INVALID_INPUT` if it is not a provider, or has a scheme of another storage
 */
export async function registerStorage(provider: StorageProvider): Promise<void> {
  const problem = providerProblem(provider);
  if (problem !== null) throw invalid(`The provider cannot be used: ${problem}.`);
  if (registered.some((known) => known.provider === provider)) return;
  const clash = clashWith(provider, await unconfiguredStorages());
  if (clash !== null) throw invalid(`The storage ${provider.name} ${clash}.`);
  registered.push({ provider, from: `the registered storage ${provider.name}` });
}

/** The storages that need no configuration. All of them are loaded. */
export async function unconfiguredStorages(): Promise<readonly KnownStorage[]> {
  const known = [...registered];
  for await (const storage of builtInStorages()) known.push(storage);
  return known;
}

/** The first of these storages that has a scheme. Loads only the storages before it. */
export async function unconfiguredStorageOf(scheme: string): Promise<KnownStorage | null> {
  for (const known of registered) if (known.provider.schemes.includes(scheme)) return known;
  for await (const known of builtInStorages()) if (known.provider.schemes.includes(scheme)) return known;
  return null;
}

/** Why a storage cannot be used beside others; null: it can. */
export function clashWith(provider: StorageProvider, others: readonly KnownStorage[]): string | null {
  for (const { provider: other, from } of others) {
    const scheme = provider.schemes.find((one) => other.schemes.includes(one));
    if (scheme !== undefined) return `has the scheme ${scheme}:, which ${from} has already`;
  }
  return null;
}

/** The URL of the store in a file, of the default kind. @throws `INVALID_INPUT` for what is no path */
export async function urlOfFile(path: string): Promise<string> {
  const storage = await firstBuiltIn(keepsFiles);
  return storage.urlOfFile(pathOfArgument(path, 'file'));
}

type FileStorage = StorageProvider & Required<Pick<StorageProvider, 'urlOfFile'>>;
/** A storage whose files can be backups. */
type BackupStorage = FileStorage & { readonly place: StorePlace & Required<Pick<StorePlace, 'beginBackup'>> };

/** The storage that backup files are stores of. */
export function backupStorage(): Promise<BackupStorage> {
  return firstBuiltIn(makesBackups);
}

function keepsFiles(provider: StorageProvider): provider is FileStorage {
  return provider.urlOfFile !== undefined;
}

function makesBackups(provider: StorageProvider): provider is BackupStorage {
  return keepsFiles(provider) && provider.place?.beginBackup !== undefined;
}

async function* builtInStorages(): AsyncGenerator<KnownStorage> {
  for (const [from, load] of Object.entries(BUILT_IN_STORAGES)) yield { from, provider: (await load()).provider };
}

async function firstBuiltIn<Found extends StorageProvider>(
  isWanted: (provider: StorageProvider) => provider is Found,
): Promise<Found> {
  for await (const { provider } of builtInStorages()) if (isWanted(provider)) return provider;
  throw new Error('No storage that comes with this package keeps a store in a file.');
}

function invalid(message: string): OrchestratorError {
  return new OrchestratorError('INVALID_INPUT', message, { field: 'provider' });
}
