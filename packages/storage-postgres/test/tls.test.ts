/*
 * A real server that offers TLS, at an address of this machine that is not the loopback's:
 *  - without further words, only a certificate that a known authority signed will do
 *  - with the authority's certificate it works, for commands, reads and wake-ups alike
 *  - another authority, another name, an authority's file that is not there: refused
 *  - `sslmode=require` takes any certificate, `sslmode=disable` does without, and the loopback needs none
 *  - a user whom the server does not let in without TLS: refused, and told so
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasOpenSsl, newAuthority, newCertificate } from './harness/certificates.ts';
import { Cluster } from './harness/cluster.ts';
import { AGENT, createDatabase, prepareTemplate, userUrl, withAdmin } from './harness/databases.ts';
import { isTold, openStorage, orchestratorOn } from './open-database.ts';
import { refusalOf } from './refusal-of.ts';

const NEEDS_TLS = { user: 'cautious_of_tests', password: 'hunter2-and-more' };
const address = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

describe.skipIf(!hasOpenSsl() || address === undefined)('a server that offers TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'orchestrator-tls-'));
  const made = { cluster: null as Cluster | null, url: '', adminUrl: '' };
  let opened = 0;
  const file = (name: string) => join(folder, name);

  beforeAll(async () => {
    const authority = newAuthority(folder, 'authority');
    newAuthority(folder, 'stranger');
    const certificate = newCertificate(folder, authority, [`IP:${address}`, 'DNS:localhost']);
    made.cluster = await Cluster.start({ settings: ['listen_addresses=*', 'fsync=off'] });
    await prepareTemplate(made.cluster.url);
    const { url, adminUrl } = await createDatabase(made.cluster.url);
    Object.assign(made, { url, adminUrl });
    const { user, password } = NEEDS_TLS;
    await withAdmin(
      adminUrl,
      async (sql) =>
        void (await sql.unsafe(`CREATE ROLE ${user} LOGIN PASSWORD '${password}' IN ROLE orchestrator_app`)),
    );
    await made.cluster.offerTls(certificate, [user]);
  }, 60_000);

  afterAll(async () => {
    await made.cluster?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The database at another address of the server, with these options. */
  function at(host: string | undefined, options: Readonly<Record<string, string>> = {}): string {
    const url = new URL(made.url);
    if (host !== undefined) url.hostname = host;
    for (const [name, value] of Object.entries(options)) url.searchParams.set(name, value);
    return url.href;
  }

  /** What the server says of the connections of a store that was opened so: the version of TLS, or null. */
  async function tlsOf(url: string): Promise<string | null> {
    const name = `tls ${(opened += 1)}`;
    const named = new URL(url);
    named.searchParams.set('application_name', name);
    await orchestratorOn(await openStorage(named.href)).enqueueTask({});
    return withAdmin(made.adminUrl, async (sql) => {
      const rows = await sql<{ version: string | null }[]>`
        SELECT s.version FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name = ${name}`;
      const versions = new Set(rows.map(({ version }) => version));
      expect(versions.size).toBe(1);
      return [...versions][0] ?? null;
    });
  }

  test('a certificate that no known authority signed is refused, without further words', async () => {
    expect(await refusalOf(at(address), AGENT.password)).toMatchObject({
      code: 'STORE_TLS',
      retryable: false,
      hint: expect.stringContaining('sslmode'),
    });
  });

  test("with the authority's certificate commands, reads and wake-ups work, all of them by TLS", async () => {
    const url = at(address, { sslrootcert: file('authority.crt') });
    const [watching, changing] = [await openStorage(url), await openStorage(url)];

    expect(await tlsOf(url)).toMatch(/^TLSv1\.[23]$/);
    expect(await isTold(watching, changing)).toBe(true);
    expect(await orchestratorOn(watching).listTasks()).toMatchObject({ items: expect.any(Array) });
  });

  test('another authority, another name, and a file that is not there are refused', async () => {
    const stranger = at(address, { sslrootcert: file('stranger.crt') });
    const otherName = at('127.0.0.1', { sslmode: 'verify-full', sslrootcert: file('authority.crt') });
    const nowhere = at(address, { sslrootcert: file('nowhere.crt') });

    expect(await refusalOf(stranger, AGENT.password)).toMatchObject({ code: 'STORE_TLS' });
    expect(await refusalOf(otherName, AGENT.password)).toMatchObject({
      code: 'STORE_TLS',
      message: expect.stringContaining('127.0.0.1'),
    });
    expect(await refusalOf(nowhere, AGENT.password)).toMatchObject({
      code: 'STORE_TLS',
      message: expect.stringContaining(file('nowhere.crt')),
    });
  });

  test('a name that the certificate has is checked too, on the loopback as elsewhere', async () => {
    expect(await tlsOf(at('localhost', { sslmode: 'verify-full', sslrootcert: file('authority.crt') }))).toMatch(
      /^TLSv1/,
    );
  });

  test('sslmode=require takes any certificate, sslmode=disable and the loopback do without', async () => {
    expect(await tlsOf(at(address, { sslmode: 'require' }))).toMatch(/^TLSv1/);
    expect(await tlsOf(at(address, { sslmode: 'disable' }))).toBeNull();
    expect(await tlsOf(at('127.0.0.1'))).toBeNull();
  });

  test('a user whom the server does not let in without TLS is told so', async () => {
    const { password } = NEEDS_TLS;
    const plain = userUrl(at(address, { sslmode: 'disable' }), NEEDS_TLS);

    expect(await refusalOf(plain, password)).toMatchObject({
      code: 'STORE_LOGIN_REFUSED',
      hint: expect.stringContaining('TLS'),
    });
    expect(await tlsOf(userUrl(at(address, { sslmode: 'require' }), NEEDS_TLS))).toMatch(/^TLSv1/);
  });
});

if (!hasOpenSsl() || address === undefined)
  console.warn('There is no openssl here, or no address but the loopback: TLS was NOT tested on a real server.');
