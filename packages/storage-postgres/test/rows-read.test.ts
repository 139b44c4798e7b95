/*
 * How many rows the server looks at for each call of the port: few, however many there are. A plan that names an index
 * may walk over all of it, which the names in `plans.test.ts` do not tell; so the server counts.
 */
import { expect, test } from 'vitest';
import { FEW, GROW, readsOf } from './grown.ts';
import { withAdmin } from './harness/databases.ts';
import { newDatabase } from './open-database.ts';

test('in a database that has grown, each call reads few rows', { timeout: 120_000 }, async () => {
  const { adminUrl, url } = await newDatabase();

  await withAdmin(adminUrl, async (sql) => {
    for (const statement of GROW) await sql.unsafe(statement);
    const reads = await readsOf(sql, url);

    expect([...reads].filter(([, rows]) => rows === 0 || rows > FEW)).toEqual([]);
  });
});
