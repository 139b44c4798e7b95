import { afterAll, beforeAll } from 'vitest';
import { prepareTemplate } from './databases.ts';
import { startServer } from './server.ts';
import type { TestServer } from './test-server.ts';

/**
 * A server for the tests of one file, with the template of `createDatabase`. For projects whose tests rarely need one:
 * storage-postgres has one for its whole run (`global-setup.ts`).
 */
export function serverOfFile(startMs = 60_000): Pick<TestServer, 'url'> {
  let server: TestServer | null = null;
  beforeAll(async () => {
    server = await startServer();
    await prepareTemplate(server.url);
  }, startMs);
  afterAll(() => server?.stop());
  return {
    get url() {
      if (server === null) throw new Error('The server runs while the tests of the file do.');
      return server.url;
    },
  };
}
