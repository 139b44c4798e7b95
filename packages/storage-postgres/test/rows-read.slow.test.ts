/*
 * Without any one of the indexes, some call reads many rows: so a change that drops one fails `rows-read.test.ts`, and
 * none of them is there for nothing.
 */
import { TABLES, type Table } from '@agent-orchestrator/storage-sql';
import { expect, test } from 'vitest';
import { FEW, GROW, readsOf } from './grown.ts';
import { withAdmin } from './harness/databases.ts';
import { newDatabase } from './open-database.ts';

const INDEXES = Object.entries<Table>(TABLES).flatMap(([table, { columns, indexes }]) => [
  ...indexes.flatMap(({ name, only = 'postgres' }) => (only === 'postgres' ? [name] : [])),
  ...('number' in columns ? [`${table}_by_number`] : []),
]);

test('without any one of the indexes, some call reads many rows', { timeout: 600_000 }, async () => {
  const { adminUrl, url } = await newDatabase();
  const forNothing: string[] = [];

  await withAdmin(adminUrl, async (sql) => {
    for (const statement of GROW) await sql.unsafe(statement);
    for (const name of INDEXES) {
      const [made] = await sql.unsafe(`SELECT pg_get_indexdef('orchestrator.${name}'::regclass) AS text`);
      const reads = await readsOf(sql, url, `DROP INDEX orchestrator.${name}`);
      if ([...reads.values()].every((rows) => rows <= FEW)) forNothing.push(name);
      await sql.unsafe(String(made?.['text']));
    }
  });

  expect(forNothing).toEqual([]);
});
