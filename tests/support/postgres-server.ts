import type { TestProject } from 'vitest/node';
import { provideServer } from '../../packages/storage-postgres/test/harness/provide-server.ts';
import { startServer } from '../../packages/storage-postgres/test/harness/server.ts';

/** One server for the tests that go from one kind of store to another. Each makes its databases itself. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer();
  provideServer(project, server);
  return () => server.stop();
}
