import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Manifest {
  name: string;
  version?: string;
  private?: boolean;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** The scope of every package that is published. */
export const SCOPE = '@agent-orchestrator/';

export const isPublic = (manifest: Manifest): boolean => manifest.private !== true;

/** The manifests of all workspaces. */
export async function manifestsOf(folder: string): Promise<Manifest[]> {
  const paths = await manifestPaths(folder);
  return Promise.all(paths.map(async (path) => JSON.parse(await readFile(join(folder, path), 'utf8')) as Manifest));
}

export async function manifestPaths(folder: string): Promise<string[]> {
  const { packages } = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8')) as { packages: object };
  const workspaces = Object.keys(packages).filter((path) => path !== '' && !path.includes('node_modules'));
  return workspaces.map((path) => join(path, 'package.json'));
}
