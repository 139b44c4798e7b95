import type { TestProject } from 'vitest/node';
import { prepareTemplate } from './databases.ts';
import { provideServer } from './provide-server.ts';
import { startServer } from './server.ts';

/** One server for the whole run, with a migrated database to copy for each test. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer();
  process.stdout.write(`PostgreSQL for the tests: ${server.from}\n`);
  try {
    await prepareTemplate(server.url);
  } catch (error) {
    await server.stop();
    throw error;
  }
  provideServer(project, server);
  return () => server.stop();
}
