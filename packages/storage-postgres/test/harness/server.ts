import { startContainer } from './container.ts';
import { startEmbedded } from './embedded.ts';
import type { TestServer } from './test-server.ts';

/**
 * The server of a run: the one of `DATABASE_URL`; else a container, if a Docker answers and has the image or can get
 * it; else PostgreSQL's own binaries from npm. `TEST_POSTGRES=container` insists on Docker, `TEST_POSTGRES=embedded`
 * leaves it alone.
 */
export async function startServer(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<TestServer> {
  const url = env['DATABASE_URL'];
  if (url !== undefined && url !== '') return { url, from: 'the server of DATABASE_URL', stop: async () => {} };
  const wanted = env['TEST_POSTGRES'];
  if (wanted === 'embedded') return startEmbedded();
  const container = await startContainer(env['POSTGRES_IMAGE'] ?? 'postgres:18-alpine', wanted === 'container');
  return container ?? startEmbedded();
}
