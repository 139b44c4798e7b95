import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { OrchestratorError, type StorageProvider } from '@agent-orchestrator/core';
import type { StoragePackages } from '../settings/storage-packages.ts';
import { absolutePath } from '../system/path.ts';
import { providerProblem } from './provider-problem.ts';
import { clashWith, unconfiguredStorages, type KnownStorage } from './registry.ts';

/**
 * Loads the storages that the configuration names. A package exports its provider as `provider`.
 *
 * @throws `CONFIG_INVALID` for a package that is missing, has no usable provider, or has a scheme of another storage
 */
export async function loadStorages(packages: StoragePackages): Promise<readonly KnownStorage[]> {
  const loaded: KnownStorage[] = [];
  if (packages.names.value.length === 0) return loaded;
  const others = await unconfiguredStorages();
  for (const name of packages.names.value) {
    const provider = await loadProvider(name, packages);
    if ([...others, ...loaded].some((known) => known.provider === provider)) continue;
    const clash = clashWith(provider, [...others, ...loaded]);
    if (clash !== null) throw invalid(name, packages, clash);
    loaded.push({ provider, from: name });
  }
  return loaded;
}

async function loadProvider(name: string, packages: StoragePackages): Promise<StorageProvider> {
  const { provider } = await importModule(name, packages);
  if (provider === undefined) throw invalid(name, packages, 'exports no provider');
  const problem = providerProblem(provider);
  if (problem !== null) throw invalid(name, packages, `exports a provider that cannot be used: ${problem}`);
  return provider as StorageProvider;
}

async function importModule(name: string, packages: StoragePackages): Promise<Readonly<Record<string, unknown>>> {
  const url = await findModule(name, packages);
  try {
    return (await import(url)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw notLoaded(name, packages, error);
  }
}

/**
 * A relative path starts in the folder of the file that has it. In the variable it is refused: a command that inherits
 * the variable would load code of the folder in which it runs. A package is looked for as an `import` would do it: from
 * the folder of the configuration, then from this package.
 */
async function findModule(name: string, packages: StoragePackages): Promise<string> {
  const { folder, names } = packages;
  if (isPath(name)) {
    if (names.from !== 'file' && name.startsWith('.'))
      throw invalid(name, packages, 'is a relative path', {
        hint: 'Write the absolute path: a command in another folder would load another module.',
      });
    const refuse = (problem: string) => invalid(name, packages, `cannot be found: its path ${problem}`);
    const path = absolutePath(name, { folder, refuse });
    if (!existsSync(path)) throw invalid(name, packages, 'was not found', { hint: `Nothing exists at ${path}.` });
    return pathToFileURL(path).href;
  }
  if (!PACKAGE.test(name))
    throw invalid(name, packages, 'is neither the name of a package nor a path', {
      hint: 'A path begins with /, ~/ or ./',
    });
  const { moduleResolve } = await import('import-meta-resolve');
  // Last, what this package can import: a storage that is installed beside it.
  const places = [pathToFileURL(join(folder, 'module.js')), new URL(import.meta.url)];
  for (const place of places) {
    try {
      return moduleResolve(name, place, CONDITIONS).href;
    } catch (error) {
      if (codeOf(error) !== 'ERR_MODULE_NOT_FOUND') throw notLoaded(name, packages, error);
    }
  }
  throw invalid(name, packages, 'was not found', {
    hint: `Install it in ${folder}, or write the path of its module.`,
  });
}

/** The conditions with which Node itself imports a module. */
const CONDITIONS = new Set(['node', 'import']);

/** A package, or a module in it. A URL is neither: that of `data:` is itself the code. */
const PACKAGE = /^(?:@[\w.~-]+\/)?[\w~-][\w.~-]*(?:\/.*)?$/;

function isPath(name: string): boolean {
  // No package has a name that begins so.
  return isAbsolute(name) || /^[.~$"']/.test(name);
}

/** The message has only the first line of the error; the author of the package finds the rest in the cause. */
function notLoaded(name: string, packages: StoragePackages, cause: unknown): OrchestratorError {
  const [said = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n', 1);
  return invalid(name, packages, `cannot be loaded: ${said.replace(/\.$/, '')}`, { cause });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function invalid(
  name: string,
  { names: { from, origin } }: StoragePackages,
  problem: string,
  further: { readonly hint?: string; readonly cause?: unknown } = {},
): OrchestratorError {
  const where = from === 'file' ? `the configuration file ${origin}` : `the variable ${origin}`;
  return new OrchestratorError('CONFIG_INVALID', `The storage package ${name}, which ${where} names, ${problem}.`, {
    field: 'storages',
    ...further,
  });
}
