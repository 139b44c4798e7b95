/*
 * One connection, on which statements are sent without awaiting those before:
 *  - flushes that begin together are answered in order, from the first on
 *  - a statement that is refused ends none of the others
 *  - what was answered is not kept
 *  - a statement that is repeated has no parameters, and is prepared once all the same
 *  - variables that the driver would take options from change nothing
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { Connection } from '../src/connection.ts';
import { parseServerUrl } from '../src/server/server-address.ts';
import { query, repeated } from '../src/server/statement-batch.ts';

const WITHIN_MS = 5_000;

function connect(options = ''): Connection {
  const connection = new Connection(parseServerUrl(`${inject('postgresUrl')}${options}`));
  onTestFinished(() => connection.close());
  return connection;
}

test('flushes that begin together are answered in order, from the first on', async () => {
  const connection = connect();
  const answered: number[] = [];
  const ask = async (number: number) => {
    const [answer] = await connection.flush([query('SELECT $1::int', number)], WITHIN_MS);
    answered.push(answer?.[0]?.[0] as number);
  };

  for (const round of [[1, 2, 3], [4, 5, 6], [7]]) await Promise.all(round.map(ask));

  expect(answered).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test('a statement that is refused ends none of the others, and the connection can be used again', async () => {
  const connection = connect();
  const refused = connection.flush([query('SELECT 1'), query('SELECT $1::int / 0', 1), query('SELECT 3')], WITHIN_MS);
  const beside = connection.flush([query('SELECT 4')], WITHIN_MS);

  await expect(refused).rejects.toMatchObject({ code: '22012' });
  expect((await beside).map(([row]) => row)).toEqual([[4]]);
  expect(connection.usable).toBe(true);
  expect((await connection.flush([query('SELECT 5')], WITHIN_MS)).map(([row]) => row)).toEqual([[5]]);
});

test('what was answered is not kept', async () => {
  const connection = connect();
  const answer = async () => connection.flush([query(`SELECT repeat('x', 100000)`)], WITHIN_MS);
  const kept: WeakRef<object>[] = [];
  for (let flush = 0; flush < 100; flush += 1) kept.push(new WeakRef(await answer()));

  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await vi.waitFor(() => {
    collect();
    // The driver holds what it is at.
    expect(kept.filter((one) => one.deref() !== undefined).length).toBeLessThan(10);
  });
});

test.each([
  ['', 1],
  ['?prepare=false', 0],
])('a statement that is repeated is prepared once, unless the URL has %j', async (options, times) => {
  const connection = connect(options);
  const again = repeated('SELECT 7');
  for (let round = 0; round < 3; round += 1) await connection.flush([query('BEGIN'), again], WITHIN_MS);

  const prepared = `SELECT count(*)::int FROM pg_prepared_statements WHERE statement = 'SELECT 7'`;
  expect((await connection.flush([query(prepared)], WITHIN_MS))[0]?.[0]).toEqual([times]);
});

test('variables that the driver would take options from change nothing', async () => {
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv('PGMAX_PIPELINE', '0');
  vi.stubEnv('PGDEBUG', '1');
  for (const wanted of ['any', 'read-only', 'standby']) {
    vi.stubEnv('PGTARGETSESSIONATTRS', wanted);
    const connection = connect();

    const refused = connection.flush([query('SELECT 1 / 0')], WITHIN_MS);

    await expect(refused).rejects.toMatchObject({ code: '22012' });
    expect(Object.keys(await refused.catch((error: unknown) => error as object))).not.toContain('query');
    expect(process.env).toMatchObject({ PGTARGETSESSIONATTRS: wanted });
  }
});
