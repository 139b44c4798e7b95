import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './readme.ts';

const call = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Nothing answers there. */
const NO_NETWORK = { npm_config_registry: 'http://127.0.0.1:9/' };

/**
 * Installs packages of this repository into an empty folder, as `npm pack` makes them, with the packages that they need
 * and without a network. What this repository only uses to test is linked: it has no part in what is shown.
 *
 * @param folders of the packages, such as `packages/core`
 * @param files further packages as files
 * @param links names of packages that are linked
 */
export async function installPacked(
  place: string,
  { folders, files, links }: { folders: readonly string[]; files: readonly string[]; links: readonly string[] },
): Promise<void> {
  const tarballs = join(place, 'tarballs');
  await mkdir(tarballs);
  const ours = folders.map((folder) => join(root, folder));
  const needed = await needs(ours);
  const packed: string[] = [];
  for (const folder of [...ours, ...needed]) packed.push(await pack(folder, tarballs));
  await writeFile(join(place, 'package.json'), '{ "private": true }\n');
  // A test runner is a peer of the suite, and linked below.
  const words = ['--offline', '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund', '--loglevel=error'];
  await npm(['install', ...words, ...packed, ...files], place);
  for (const name of links) await symlink(folderOf(name, root), join(place, 'node_modules', name), 'junction');
}

/** An npm that waits for something must end before its test does, or it would outlive it. */
const NPM_MS = 120_000;

/** @returns what it said */
async function npm(words: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, ...NO_NETWORK };
  const { stdout } = await call('npm', words, { cwd, env, timeout: NPM_MS, killSignal: 'SIGKILL' });
  return stdout;
}

async function pack(folder: string, tarballs: string): Promise<string> {
  // Named and not entered: in its folder, npm would insist on the package manager that its authors use.
  const words = ['pack', folder, '--json', '--ignore-scripts', '--pack-destination', tarballs];
  const stdout = await npm(words, tarballs);
  const [found] = Object.values(JSON.parse(stdout) as Record<string, { readonly filename: string }>);
  if (found === undefined) throw new Error(`npm packed nothing of ${folder}`);
  return join(tarballs, found.filename);
}

/** The folders of all packages of others that these need, and those need in turn. */
async function needs(folders: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  const visit = async (folder: string): Promise<void> => {
    const { dependencies = {} } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
    for (const name of Object.keys(dependencies)) {
      if (name.startsWith('@agent-orchestrator/')) continue;
      const needed = folderOf(name, folder);
      if (found.has(needed)) continue;
      found.add(needed);
      await visit(needed);
    }
  };
  for (const folder of folders) await visit(folder);
  return [...found];
}

/** Where Node finds a package from a folder. */
function folderOf(name: string, from: string): string {
  for (const path of createRequire(join(from, 'package.json')).resolve.paths(name) ?? [])
    if (existsSync(join(path, name, 'package.json'))) return join(path, name);
  throw new Error(`${name} is not installed, as seen from ${dirname(from)}`);
}
