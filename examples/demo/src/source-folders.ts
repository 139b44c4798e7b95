import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** A folder whose files one task counts and hashes. */
export interface SourceFolder {
  readonly name: string;
  /** From the root, in order. */
  readonly files: readonly string[];
}

export interface Sources {
  /** What the paths start from. */
  readonly root: string;
  readonly folders: readonly SourceFolder[];
}

const LEFT_OUT = new Set(['node_modules', 'dist', 'coverage']);
const SOURCE = /\.(ts|js|mjs|json|jsonc|md|sql|yml|map)$/;
/** With fewer tasks there would be little to show. */
const FOLDERS_MIN = 6;

/**
 * The packages of this repository; outside it, the folders of the installed package.
 *
 * @param installed folder of the command line's package
 */
export function findSources(installed: string): Sources {
  const repository = join(installed, '..', '..');
  const isRepository = existsSync(join(repository, 'packages', 'core')) && existsSync(join(repository, 'apps', 'cli'));
  const root = isRepository ? repository : installed;
  const names = isRepository ? ['packages', 'apps'].flatMap((group) => foldersIn(root, group)) : foldersIn(root, '.');
  const folders = names
    .map((name) => ({ name, files: filesIn(root, name, isRepository ? LEFT_OUT : new Set(['node_modules'])) }))
    .filter(({ files }) => files.length > 0);
  return { root, folders: splitLarge(folders) };
}

function foldersIn(root: string, group: string): string[] {
  return readdirSync(join(root, group), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .map(({ name }) => (group === '.' ? name : `${group}/${name}`));
}

function filesIn(root: string, folder: string, leftOut: ReadonlySet<string>): string[] {
  const found: string[] = [];
  const walk = (path: string) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const inside = join(path, entry.name);
      if (entry.isDirectory() && !leftOut.has(entry.name) && !entry.name.startsWith('.')) walk(inside);
      if (entry.isFile() && SOURCE.test(entry.name) && statSync(inside).size < 1_000_000)
        found.push(relative(root, inside).replaceAll(sep, '/'));
    }
  };
  walk(join(root, folder));
  return found.toSorted();
}

/** If there are few folders, the largest are split into parts. */
function splitLarge(folders: readonly SourceFolder[]): SourceFolder[] {
  const parts = [...folders];
  while (parts.length < FOLDERS_MIN) {
    const largest = parts.toSorted(bySize)[0];
    if (largest === undefined || largest.files.length < 2) break;
    const half = Math.ceil(largest.files.length / 2);
    const named = largest.name.includes('+') ? largest.name : `${largest.name}+`;
    parts.splice(
      parts.indexOf(largest),
      1,
      { name: `${named}a`, files: largest.files.slice(0, half) },
      { name: `${named}b`, files: largest.files.slice(half) },
    );
  }
  return parts;
}

/** Largest first. */
export function bySize(a: SourceFolder, b: SourceFolder): number {
  return b.files.length - a.files.length;
}
