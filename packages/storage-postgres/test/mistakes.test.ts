/*
 * What a wrong address, server or login gets: a code of its own that says what to do, and never the password.
 *  - URLs that cannot be used
 *  - anything but the machine itself is reached by TLS, unless told otherwise
 *  - a server that is not there or says nothing, which is named; a wrong password, a missing database
 *  - a server without TLS, one with a certificate that no known authority signed
 *  - a connection that goes while TLS begins: the server cannot be reached, and it may be tried again
 *  - a server that is too old, and a standby
 *  - a database that does not keep its text in UTF-8
 *  - a database without the schema, with an older or a newer one
 *  - a role without rights
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { ofServer } from '../src/errors.ts';
import { openPostgresStorage } from '../src/index.ts';
import { parseServerUrl } from '../src/server/server-address.ts';
import { databaseUrl, userUrl, withAdmin } from './harness/databases.ts';
import { FakeServer } from './harness/fake-server.ts';
import { newDatabase, openStorage, orchestratorOn } from './open-database.ts';
import { refusalOf, thrownBy } from './refusal-of.ts';

const PASSWORD = 'hunter2-and-more';

test.for([
  'postgres://',
  'http://user@host/db',
  `postgres://user:${PASSWORD}@ho st/db`,
  `postgres://user:${PASSWORD}%zz@host/db`,
  `postgres://user:${PASSWORD}@host:port/db`,
  `postgres://user:${PASSWORD}@host`,
  `postgres://user:${PASSWORD}@host/a/b`,
  `postgres://:${PASSWORD}@host/db`,
  `postgres://user:${PASSWORD}@one,two/db`,
  `postgres://user@host/db?password=${PASSWORD}`,
  'postgres://user@host/db?sslmode=prefer',
  'postgres://user@host/db?prepare=maybe',
])('%s is refused', async (url) => {
  expect(await refusalOf(url, PASSWORD)).toMatchObject({ code: 'STORE_URL_INVALID', field: 'store' });
});

test.for([
  ['postgres://u@localhost/d', 'off'],
  ['postgres://u@LocalHost/d', 'off'],
  ['postgres://u@127.0.0.1/d', 'off'],
  ['postgres://u@[::1]/d', 'off'],
  ['postgres://u@%2Fvar%2Frun/d', 'off'],
  ['postgres://u@db.example.com/d', 'verified'],
  ['postgres://u@127.0.0.1.example.com/d', 'verified'],
  ['postgres://u@10.0.0.1/d', 'verified'],
  ['postgres://u@0.0.0.0/d', 'verified'],
  ['postgres://u@db.example.com/d?sslmode=require', 'unchecked'],
  ['postgres://u@db.example.com/d?sslmode=disable', 'off'],
  ['postgres://u@localhost/d?sslmode=verify-full', 'verified'],
] as const)('%s: TLS is %s', ([url, tls]) => {
  expect(parseServerUrl(url)).toMatchObject({ tls });
});

test('a password may hold any character, encoded', () => {
  expect(parseServerUrl('postgres://u:%2F%40%3A%3F%23%25@h/d')).toMatchObject({
    password: '/@:?#%',
    shown: 'postgres://u@h/d',
  });
});

test.for(['EUC_KR', 'SQL_ASCII', 'LATIN1'])('a database with the encoding %s', async (encoding) => {
  const server = inject('postgresUrl');
  const name = `encoded_${encoding.toLowerCase()}_${randomUUID().replaceAll('-', '')}`;
  await withAdmin(server, async (sql) => {
    await sql.unsafe(`CREATE DATABASE ${name} ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`);
  });
  try {
    expect(await refusalOf(databaseUrl(server, name), PASSWORD)).toMatchObject({
      code: 'STORE_ENCODING',
      message: `The database has the encoding ${encoding}; UTF8 is needed.`,
    });
  } finally {
    await withAdmin(server, async (sql) => void (await sql.unsafe(`DROP DATABASE ${name} WITH (FORCE)`)));
  }
});

test('a server that is not there', async () => {
  for (const [host, server] of [
    ['127.0.0.1:1', '127.0.0.1:1'],
    ['localhost:1', 'localhost:1'],
    ['[::1]:1', '[::1]:1'],
    ['nowhere.invalid', 'nowhere.invalid:5432'],
    ['%2Fnowhere', '/nowhere/.s.PGSQL.5432'],
  ])
    expect(await refusalOf(`postgres://u:${PASSWORD}@${host}/d`, PASSWORD)).toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: expect.stringContaining(server ?? ''),
      retryable: true,
    });
});

test.for(['', '?sslmode=require'])('a server that is silent is named%s', async (options) => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  onTestFinished(() => {
    vi.useRealTimers();
    silent.close();
  });
  vi.useFakeTimers({ toFake: ['setTimeout'], shouldAdvanceTime: true });
  silent.on('connection', (socket) => socket.on('data', () => vi.advanceTimersByTime(10_000)).on('error', () => {}));

  expect(await refusalOf(`postgres://u:${PASSWORD}@127.0.0.1:${port}/d${options}`, PASSWORD)).toMatchObject({
    code: 'STORE_UNREACHABLE',
    message: expect.stringMatching(new RegExp(`no answer.*127\\.0\\.0\\.1:${port}`)),
  });
});

test.for(['CONNECTION_CLOSED', 'CONNECTION_DESTROYED', 'CONNECTION_ENDED'])('the server that is lost: %s', (code) => {
  const lost = Object.assign(new Error(`write ${code} /nowhere`), { code });

  expect(ofServer(lost, 'host:1')).toMatchObject({ code, message: 'the connection was lost, server host:1' });
});

test('a wrong password, an unknown user, a missing database', async () => {
  const server = inject('postgresUrl');

  expect(await refusalOf(userUrl(server, { user: 'postgres', password: PASSWORD }), PASSWORD)).toMatchObject({
    code: 'STORE_LOGIN_REFUSED',
  });
  expect(await refusalOf(userUrl(server, { user: 'unknown', password: PASSWORD }), PASSWORD)).toMatchObject({
    code: 'STORE_LOGIN_REFUSED',
  });
  expect(await refusalOf(databaseUrl(server, 'no_such_database'), PASSWORD)).toMatchObject({
    code: 'STORE_DATABASE_MISSING',
  });
});

test('a server without TLS', async () => {
  const url = new URL(inject('postgresUrl'));
  url.searchParams.set('sslmode', 'require');

  expect(await refusalOf(url.href, PASSWORD)).toMatchObject({ code: 'STORE_TLS', retryable: false });
});

test.for(['destroy', 'resetAndDestroy', 'end'] as const)(
  'a connection that goes while TLS begins (%s)',
  async (how) => {
    await using server = await listening((client) => {
      // The first is the question for TLS, the second the beginning of the handshake.
      client.once('data', () => {
        client.write('S');
        client.once('data', () => client[how]());
      });
    });

    const refusal = await refusalOf(`postgres://me:${PASSWORD}@127.0.0.1:${server.port}/db?sslmode=require`, PASSWORD);

    expect(refusal).toMatchObject({ code: 'STORE_UNREACHABLE', retryable: true });
  },
);

test('a server that is too old, and a standby', async () => {
  const old = await FakeServer.start({ version: [13, 22], isStandby: false });
  const standby = await FakeServer.start({ version: [18, 4], isStandby: true });

  expect(await refusalOf(old.url, PASSWORD)).toMatchObject({
    code: 'STORE_SERVER_TOO_OLD',
    message: expect.stringContaining('13.22'),
  });
  expect(await refusalOf(standby.url, PASSWORD)).toMatchObject({ code: 'STORE_STANDBY' });
});

test('a database without the schema', async () => {
  const { adminUrl } = await newDatabase({ migrated: false });
  const storage = await openStorage(adminUrl);

  expect(await thrownBy(openPostgresStorage({ url: adminUrl, mode: 'existing' }), PASSWORD)).toMatchObject({
    code: 'STORE_NOT_FOUND',
  });
  expect(await thrownBy(orchestratorOn(storage).enqueueTask({}), PASSWORD)).toMatchObject({ code: 'STORE_NOT_FOUND' });
  expect(await thrownBy(orchestratorOn(storage).listTasks(), PASSWORD)).toMatchObject({ code: 'STORE_NOT_FOUND' });
});

test.for([
  [1, 'STORE_OLDER'],
  [99, 'STORE_NEWER'],
] as const)('a database with schema %i', async ([version, code]) => {
  const { url, adminUrl } = await newDatabase();
  const storage = await openStorage(url);
  await withAdmin(
    adminUrl,
    async (sql) => void (await sql.unsafe(`UPDATE orchestrator.meta SET value = '${version}' WHERE key = 'schema'`)),
  );

  expect(await thrownBy(orchestratorOn(storage).enqueueTask({}), PASSWORD)).toMatchObject({ code });
  expect(await thrownBy(openPostgresStorage({ url, mode: 'existing' }), PASSWORD)).toMatchObject({ code });
});

test('a role without rights', async () => {
  const { adminUrl } = await newDatabase();
  const login = { user: 'stranger_of_tests', password: PASSWORD };
  await withAdmin(adminUrl, async (sql) => {
    await sql.unsafe(
      `DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${login.user}') THEN
         CREATE ROLE ${login.user} LOGIN PASSWORD '${PASSWORD}'; END IF; END $$`,
    );
  });
  const { adminUrl: empty } = await newDatabase({ migrated: false });

  expect(await refusalOf(userUrl(adminUrl, login), PASSWORD)).toMatchObject({ code: 'STORE_PERMISSION' });
  const storage = await openStorage(userUrl(empty, login));
  expect(await thrownBy(storage.migrate(), PASSWORD)).toMatchObject({ code: 'STORE_PERMISSION' });
});

async function listening(serve: (client: Socket) => void) {
  const server = createServer((client) => serve(client.on('error', () => {})));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: async () => void server.close() };
}
