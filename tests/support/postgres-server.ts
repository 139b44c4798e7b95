import type { TestProject } from 'vitest/node';
import { startServer } from '../../packages/storage-postgres/test/harness/server.ts';

/** One server for the tests that go from one kind of store to another. Each makes its databases itself. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer();
  project.provide('postgresUrl', server.url);
  return () => server.stop();
}
