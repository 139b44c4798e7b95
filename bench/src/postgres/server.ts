import { chmodSync } from 'node:fs';
import { databaseUrl, withAdmin } from '../../../packages/storage-postgres/test/harness/databases.ts';
import { startEmbedded } from '../../../packages/storage-postgres/test/harness/embedded.ts';
import type { TestServer } from '../../../packages/storage-postgres/test/harness/test-server.ts';

/** As PostgreSQL comes, and above all with every commit on the disk; only with room for all who take part. */
const SETTINGS = ['max_connections=200'];

/** A server of the bench's own. */
export class Server {
  readonly #server: TestServer;

  private constructor(server: TestServer) {
    this.#server = server;
  }

  static async start(folder: string): Promise<Server> {
    // As root, the server runs as a user of its own, who has to get through to its data.
    chmodSync(folder, 0o755);
    return new Server(await startEmbedded({ settings: SETTINGS, parent: folder }));
  }

  urlOf(database: string): string {
    return databaseUrl(this.#server.url, database);
  }

  async createDatabase(name: string, template = 'template1'): Promise<string> {
    await this.dropDatabase(name);
    await this.#administer(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    return this.urlOf(name);
  }

  async dropDatabase(name: string): Promise<void> {
    await this.#administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  async #administer(statement: string): Promise<void> {
    await withAdmin(this.#server.url, (sql) => sql.unsafe(statement));
  }
}
