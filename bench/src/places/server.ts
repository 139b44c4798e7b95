import { chmodSync } from 'node:fs';
import postgres from 'postgres';
import { databaseUrl } from '../../../packages/storage-postgres/test/harness/databases.ts';
import { startEmbedded } from '../../../packages/storage-postgres/test/harness/embedded.ts';
import type { TestServer } from '../../../packages/storage-postgres/test/harness/test-server.ts';
import type { Place, ServerUse } from './place.ts';
import { cpuMsOfTree, parentOf } from './process-tree.ts';

/** As PostgreSQL comes, and above all with every commit on the disk; only with room for all connections. */
const SETTINGS = ['max_connections=200'];

/** A server of the bench's own. */
export class Server implements Place {
  readonly name = 'Postgres';
  readonly #server: TestServer;
  readonly #sql: postgres.Sql;
  #databases = 0;

  private constructor(server: TestServer) {
    this.#server = server;
    this.#sql = postgres(server.url, { max: 1, onnotice: () => {} });
  }

  static async start(folder: string): Promise<Server> {
    // As root, the server runs as a user of its own, who has to get through to its data.
    chmodSync(folder, 0o755);
    return new Server(await startEmbedded({ settings: SETTINGS, parent: folder }));
  }

  /** In a database of its own. */
  async fresh() {
    const database = `bench_${(this.#databases += 1)}`;
    await this.#sql.unsafe(`CREATE DATABASE ${database}`);
    return {
      url: databaseUrl(this.#server.url, database),
      [Symbol.asyncDispose]: async () => void (await this.#sql.unsafe(`DROP DATABASE ${database} WITH (FORCE)`)),
    };
  }

  async use(): Promise<ServerUse> {
    const [row] = await this.#sql<{ pid: number; wal: string; version: string }[]>`
      SELECT pg_backend_pid() AS pid, pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS wal`;
    if (row === undefined) throw new Error('the server did not answer');
    return { cpuMs: cpuMsOfTree(parentOf(row.pid)), walBytes: Number(row.wal) };
  }

  async stop(): Promise<void> {
    await this.#sql.end();
    await this.#server.stop();
  }
}
