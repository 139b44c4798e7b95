import { basename } from 'node:path';
import { withAdmin } from '../../../packages/storage-postgres/test/harness/databases.ts';
import type { Content, Store, Subject } from '../subject.ts';
import { openPostgresFloor } from './floor.ts';
import type { Server } from './server.ts';

/** Databases of a server. */
export function postgres(server: Server): Subject {
  return {
    name: 'Postgres',
    create: async (name) => ({ url: await server.createDatabase(name) }),
    copy: async (from, name) => ({ url: await server.createDatabase(name, databaseOf(from)) }),
    remove: (store) => server.dropDatabase(databaseOf(store)),
    openFloor: async ({ url }, options) => openPostgresFloor(url, options),
    contentsOf: ({ url }, statements) =>
      withAdmin(url, async (sql) => {
        await sql.unsafe(SEARCH_PATH);
        const contents: Content[] = [];
        for (const statement of statements) contents.push(...(await sql.unsafe<Content[]>(statement)));
        return contents;
      }),
    fill: ({ url }, statements) => fill(url, statements),
  };
}

const SEARCH_PATH = 'SET search_path = orchestrator';

function databaseOf({ url }: Store): string {
  return basename(new URL(url).pathname);
}

/** Leaves the database as one that has been in use for a while: vacuumed, with statistics, nothing left to write. */
async function fill(url: string, statements: readonly string[]): Promise<void> {
  await withAdmin(url, async (sql) => {
    // As a replica it checks no foreign keys.
    for (const setting of [SEARCH_PATH, 'SET session_replication_role = replica', `SET maintenance_work_mem = '512MB'`])
      await sql.unsafe(setting);
    const dropped = await sql<{ name: string; definition: string }[]>`
      SELECT i.indexname AS name, i.indexdef AS definition FROM pg_indexes i
      WHERE i.schemaname = 'orchestrator' AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)`;
    for (const { name } of dropped) await sql.unsafe(`DROP INDEX ${name}`);
    for (const statement of statements) await sql.unsafe(statement);
    for (const { definition } of dropped) await sql.unsafe(definition);
    await sql.unsafe('VACUUM (ANALYZE)');
    await sql.unsafe('CHECKPOINT');
  });
}
