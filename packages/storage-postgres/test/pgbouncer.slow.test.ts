/* oxlint-disable vitest/no-conditional-tests -- Without a pooler there is nothing to test, and the run says so. */
/*
 * Behind a pooler in transaction mode, each transaction may get another connection to the server:
 *  - the whole suite passes, on the oldest version of the server that is supported, so that one run of it tells both
 *  - no connection to the server is left listening, the process says once that it looks instead, and PgBouncer has no
 *    notification to warn of
 *  - without `?prepare=false` the error names it
 */
import { conformance } from '@agent-orchestrator/storage-conformance';
import { afterAll, expect, inject, test } from 'vitest';
import { hasPgBouncer, startPgBouncer, type Pooler } from './harness/pgbouncer.ts';
import { withAdmin } from './harness/databases.ts';
import { POOLED } from '../src/watch.ts';
import { OLDEST, serverOfVersion } from './harness/versions.ts';
import { isTold, newDatabase, openStorage, orchestratorOn, warningsOf } from './open-database.ts';
import { targetOf } from './target.ts';

const oldest = hasPgBouncer() ? await serverOfVersion(OLDEST) : null;
const poolers: Promise<Pooler>[] = [];
const said = warningsOf(POOLED);

afterAll(async () => {
  for (const pooler of poolers) await (await pooler).stop();
  await oldest?.stop();
});

if (hasPgBouncer()) {
  if (oldest === null) console.warn(`PostgreSQL ${OLDEST} could not be had from npm: the suite was NOT run on it.`);
  let pooler: Promise<Pooler> | undefined;
  const pool = (url: string): Promise<Pooler> => {
    if (pooler === undefined) poolers.push((pooler = startPgBouncer(url)));
    return pooler;
  };
  conformance(
    targetOf({
      name: 'storage-postgres behind PgBouncer',
      ...(oldest === null ? {} : { server: () => oldest.url() }),
      through: async (url) => (await pool(url)).through(url),
      walk: { steps: 100 },
    }),
  );

  test('no connection is left listening, the process says so once, and the pooler has nothing to warn of', async () => {
    const { url, adminUrl } = await newDatabase();
    const own = await startPgBouncer(url);
    poolers.push(Promise.resolve(own));
    const [watching, changing] = [await openStorage(own.through(url)), await openStorage(own.through(url))];
    const direct = await openStorage(url);

    expect(await isTold(watching, changing)).toBe(true);
    expect(await isTold(changing, watching)).toBe(true);
    expect(await isTold(watching, direct)).toBe(true);
    const listening = await withAdmin(adminUrl, (sql) =>
      sql.unsafe(`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'LISTEN%'`),
    );
    expect(listening).toHaveLength(0);
    expect(said).toEqual([expect.stringContaining('address of the server itself')]);
    expect(own.warnings()).toEqual([]);
  });

  test('without ?prepare=false the error names it', async () => {
    const { url } = await newDatabase();
    const own = await startPgBouncer(url);
    poolers.push(Promise.resolve(own));
    const pooled = new URL(own.through(url));
    pooled.searchParams.delete('prepare');
    const storages = [
      await openStorage(pooled.href, { retryMs: 2_000 }),
      await openStorage(pooled.href, { retryMs: 2_000 }),
    ];

    const work = storages.map(async (storage) => {
      for (let at = 0; at < 50; at += 1) await orchestratorOn(storage).enqueueTask({});
    });
    const outcomes = await Promise.allSettled(work);

    const refused = outcomes.find(({ status }) => status === 'rejected');
    expect(refused).toMatchObject({
      reason: { code: 'STORE_POOLER', hint: expect.stringContaining('?prepare=false') },
    });
  });
} else {
  console.warn('PgBouncer is not installed: the suite was NOT run behind it (apt-get install pgbouncer).');
  test('the suite passes behind PgBouncer', ({ skip }) => {
    skip('pgbouncer is not installed');
    expect(inject('postgresUrl')).toBeDefined();
  });
}
