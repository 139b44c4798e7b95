/*
 * A server asks for the password:
 *  - by scram-sha-256: it is let in, as the other tests show
 *  - as it is, or as an MD5 hash: refused, and nothing but the start-up message was sent; however the request arrives
 *  - the same where the URL names the method: the driver answers
 *  - by scram-sha-256, and lets in what it cannot check: refused
 *  - not at all, where the URL names a method: refused
 *
 * A password that is not in the URL is that of PGPASSWORD, else of the first line that fits in the file of PGPASSFILE,
 * else in ~/.pgpass. A file that others can read is refused, but only where a password is asked for. Where there is no
 * password then, the error says what is wrong with the file. The password of a URL can be handed over in such a file.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { dirname, join } from 'node:path';
import { OrchestratorError } from '@agent-orchestrator/core';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { openPostgresStorage, provider } from '../src/index.ts';
import { passwordFileWith, passwordOf } from '../src/server/password-file.ts';
import { parseServerUrl } from '../src/server/server-address.ts';
import { newDatabase } from './open-database.ts';
import { refusalOf } from './refusal-of.ts';

const request = (code: number, ...more: number[]) =>
  Buffer.from([0x52, 0, 0, 0, 8 + more.length, 0, 0, 0, code, ...more]);
const CLEARTEXT = request(3);
const MD5 = request(5, 1, 2, 3, 4);
const LET_IN = request(0);
const SCRAM = request(10, ...Buffer.from('SCRAM-SHA-256\0\0'));
/** A notice, as a server may send before. Its text is none of a request. */
const NOTICE = Buffer.from([0x4e, 0, 0, 0, 8, 0x4d, 0x52, 0, 0]);

/** What a server sends; or what it answers to the next message of the client, with the nonce in it. */
type Part = Buffer | ((nonce: string) => Buffer);

/** A server that sends something as soon as a client has begun, and hears what it answers. */
class Asking implements AsyncDisposable {
  readonly heard: Buffer[] = [];
  readonly #server = createServer((client) => this.#serve(client));
  readonly #sends: readonly Part[];

  constructor(sends: readonly Part[]) {
    this.#sends = sends;
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  #serve(client: Socket): void {
    client.setNoDelay(true).on('error', () => {});
    client.once('data', () => {
      client.on('data', (bytes) => void this.heard.push(bytes));
      void this.#ask(client);
    });
  }

  /** In packets of their own. */
  async #ask(client: Socket): Promise<void> {
    for (const part of this.#sends) {
      client.write(typeof part === 'function' ? part(await this.#nonce()) : part);
      await pause(20);
    }
    client.destroy();
  }

  async #nonce(): Promise<string> {
    while (this.heard.length === 0) await pause(5);
    return /,r=(.*)$/u.exec(this.heard[0]?.toString('latin1') ?? '')?.[1] ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
  }
}

const bytewise = (bytes: Buffer) => Array.from(bytes, (byte) => Buffer.from([byte]));

describe('the password', () => {
  test.for([
    ['as it is', [CLEARTEXT], 'the password itself'],
    ['as an MD5 hash', [MD5], 'an MD5 hash of the password'],
    ['as it is, byte by byte', bytewise(CLEARTEXT), 'the password itself'],
    ['as it is, after a notice', [Buffer.concat([NOTICE, CLEARTEXT])], 'the password itself'],
    [
      'as it is, in the middle of a packet',
      [Buffer.concat([NOTICE, MD5.subarray(0, 3)]), MD5.subarray(3)],
      'an MD5 hash',
    ],
  ] as const)('is not sent to a server that asks for it %s', async ([, sends, what], { onTestFinished }) => {
    const server = new Asking(sends);
    onTestFinished(() => server[Symbol.asyncDispose]());
    const url = `postgres://alice:hunter2@127.0.0.1:${await server.listen()}/x`;

    const refusal = await refusalOf(url, 'hunter2');

    expect(refusal).toMatchObject({ code: 'STORE_AUTHENTICATION', message: expect.stringContaining(what) });
    expect(Buffer.concat(server.heard).toString('latin1')).toBe('');
  });

  test.for([
    ['password', CLEARTEXT, /^p.{4}hunter2\0$/su],
    ['scram-sha-256,password', CLEARTEXT, /^p.{4}hunter2\0$/su],
    ['md5', MD5, /^p.{4}md5[0-9a-f]{32}\0$/su],
  ] as const)('is sent where the URL says require_auth=%s', async ([methods, asked, answer], { onTestFinished }) => {
    const server = new Asking([asked]);
    onTestFinished(() => server[Symbol.asyncDispose]());
    const url = `postgres://alice:hunter2@127.0.0.1:${await server.listen()}/x?require_auth=${methods}`;

    await refusalOf(url, 'hunter2');

    expect(Buffer.concat(server.heard).toString('latin1')).toMatch(answer);
  });
});

/** What a server sends by SCRAM before its last message. */
const challenge = (text: string) => request(11, ...Buffer.from(text));
const fair = (nonce: string) => challenge(`r=${nonce}more,s=c2FsdA==,i=4096`);

test.for([
  ['lets in without a proof that it knows the password', [SCRAM, LET_IN], 'not proven'],
  ['lets in after a challenge', [SCRAM, (nonce) => Buffer.concat([fair(nonce), LET_IN])], 'not proven'],
  ['proves falsely', [SCRAM, fair, request(12, ...Buffer.from('v=AAAA'))], 'MISMATCH'],
  ['asks by another method, too', [SCRAM, CLEARTEXT], 'twice'],
  ['hashes once', [SCRAM, challenge('r=x,s=c2FsdA==,i=1')], 'does not hash the password'],
  ['hashes once, as it says last', [SCRAM, challenge('r=x,s=c2FsdA==,i=4096,i=1')], 'does not hash the password'],
  ['hashes once, by a name of its own', [SCRAM, challenge('r=x,s=c2FsdA==,i=4096,ix1')], 'does not hash the password'],
  ['hashes for minutes', [SCRAM, challenge('r=x,s=c2FsdA==,i=2147483647')], 'does not hash the password'],
  ['hashes no number of times', [SCRAM, challenge('r=x,s=c2FsdA==,i=abc')], 'does not hash the password'],
  ['asks for nothing, as a program that knows no password', [LET_IN], 'lets every client in'],
  ['asks for Kerberos', [request(7)], 'not supported'],
  ['says less than a request', [Buffer.from([0x52, 0, 0, 0, 4])], 'does not speak the protocol'],
  ['says less than a message', [Buffer.from([0x52, 0, 0, 0, 0])], 'does not speak the protocol'],
  ['never ends its message', [Buffer.from([0x4e, 0, 255, 255, 255]), Buffer.alloc(70_000)], 'does not speak'],
  ['answers with a nonce of its own', [SCRAM, () => fair('')], 'does not continue'],
  ['adds nothing to the nonce', [SCRAM, (nonce) => challenge(`r=${nonce},s=c2FsdA==,i=4096`)], 'does not continue'],
  ['challenges before it knows a nonce', [Buffer.concat([SCRAM, fair('')])], 'does not continue'],
  ['challenges twice', [SCRAM, (nonce) => Buffer.concat([fair(nonce), fair(nonce)])], 'does not continue'],
] satisfies [string, Part[], string][])('a server that %s is refused', async ([, sends, what], { onTestFinished }) => {
  const server = new Asking(sends);
  onTestFinished(() => server[Symbol.asyncDispose]());
  const methods = 'scram-sha-256,password';
  const url = `postgres://alice:hunter2@127.0.0.1:${await server.listen()}/x?require_auth=${methods}`;

  const refusal = await refusalOf(url, 'hunter2');

  expect(refusal).toMatchObject({ code: 'STORE_AUTHENTICATION', message: expect.stringContaining(what) });
  const heard = Buffer.concat(server.heard).toString('latin1');
  expect(heard).not.toContain('hunter2');
  // A proof, from which the password can be guessed, is only for who has the client's nonce.
  expect(what.includes('not continue') && heard.includes(',p=')).toBe(false);
});

test('no password is told after the server has let the client in', async ({ onTestFinished }) => {
  const { url } = await newDatabase();
  const { password } = new URL(url);
  const heard: Buffer[] = [];
  const relay = createServer((client) => {
    const server = connect(Number(new URL(url).port), '127.0.0.1');
    for (const socket of [client, server]) socket.on('error', () => {});
    client.on('data', (bytes) => {
      heard.push(bytes);
      server.write(bytes);
    });
    server.on('data', (bytes) => {
      const at = bytes.indexOf(LET_IN);
      if (at === -1) client.write(bytes);
      else client.write(Buffer.concat([bytes.subarray(0, at), LET_IN, CLEARTEXT, bytes.subarray(at + LET_IN.length)]));
    });
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  });
  onTestFinished(() => void relay.close());
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const through = new URL(url);
  through.port = String((relay.address() as AddressInfo).port);

  await openPostgresStorage({ url: through.href, retryMs: 0 }).then(
    (storage) => storage.close(),
    () => {},
  );

  const said = Buffer.concat(heard).toString('latin1');
  expect(said).toContain('SCRAM-SHA-256');
  // The driver has answered, with nothing in it.
  expect(said).toContain('p\0\0\0\x05\0');
  expect(said).not.toContain(`${password}\0`);
});

test.for([
  ['postgres://alice:hunter2@h/db', 'postgres://alice@h/db', 'h:5432:db:alice:hunter2\n'],
  [
    'postgres://alice:h%3An%5Cx@h:1/db?prepare=false',
    'postgres://alice@h:1/db?prepare=false',
    'h:1:db:alice:h\\:n\\\\x\n',
  ],
  ['postgres://alice:x@%23h/db', 'postgres://alice@%23h/db', '\\#h:5432:db:alice:x\n'],
  ['postgres://alice:x@[::1]/db', 'postgres://alice@[::1]/db', '\\:\\:1:5432:db:alice:x\n'],
] as const)('the password of %s can be handed over in a file', ([url, address, text]) => {
  const { location, parsed } = located(url);

  expect(provider.withoutSecret?.(location)).toEqual({
    address,
    secret: { variable: 'PGPASSFILE', text, instead: ['PGPASSWORD'] },
  });
  const file = join(mkdtempSync(join(tmpdir(), 'orchestrator-handed-')), 'password');
  writeFileSync(file, text, { mode: 0o600 });
  expect(passwordOf({ ...parsed, password: '' }, { PGPASSFILE: file })).toBe(parsed.password);
  rmSync(dirname(file), { recursive: true });
});

test('what stood in the password file before follows', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'orchestrator-handed-')), 'password');
  writeFileSync(file, '*:*:*:*:other\n', { mode: 0o600 });

  expect(passwordFileWith(located('postgres://alice:hunter2@h/db').parsed, { PGPASSFILE: file })).toBe(
    'h:5432:db:alice:hunter2\n*:*:*:*:other\n',
  );
  expect(
    passwordFileWith(located('postgres://alice:hunter2@h/db').parsed, { PGPASSFILE: file, PGPASSWORD: 'of:all' }),
  ).toBe('h:5432:db:alice:hunter2\n*:*:*:*:of\\:all\n');
  rmSync(dirname(file), { recursive: true });
});

test('an address without a password has nothing to hand over', () => {
  expect(provider.withoutSecret?.(located('postgres://alice@h/db').location)).toBeNull();
});

function located(url: string) {
  return { location: provider.parseUrl(url, { resolvePath: (path) => path }), parsed: parseServerUrl(url) };
}

describe('a password that is not in the URL', () => {
  const target = { host: 'h', port: 5432, socketFolder: null, user: 'alice', database: 'db', password: '' };
  const folder = mkdtempSync(join(tmpdir(), 'orchestrator-password-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  function file(text: string, mode = 0o600): string {
    const path = join(folder, randomUUID());
    writeFileSync(path, text, { mode });
    return path;
  }

  test.for([
    ['h:5432:db:alice:right', 'right'],
    ['# h:5432:db:alice:wrong\n\nother:*:*:*:wrong\n*:*:*:alice:right\n*:*:*:*:wrong', 'right'],
    ['h:5432:db:alice:a\\:b\\\\c', 'a:b\\c'],
    ['h:5432:db:alice:right:more', 'right'],
    ['h:5432:db:alice:right\r\n', 'right'],
  ] as const)('is the first that fits: %j', ([text, password]) => {
    expect(passwordOf(target, { PGPASSFILE: file(text) })).toBe(password);
  });

  test.for([
    [{ host: '::1' }, '\\:\\:1:*:*:*:right'],
    [{ host: '/run/postgresql', socketFolder: '/run/postgresql' }, 'localhost:*:*:*:right'],
    [{ host: '/srv/pg', socketFolder: '/srv/pg' }, '/srv/pg:*:*:*:right'],
    [{ database: 'a:b' }, '*:*:a\\:b:*:right'],
  ] as const)('is found for %j', ([more, text]) => {
    expect(passwordOf({ ...target, ...more }, { PGPASSFILE: file(text) })).toBe('right');
  });

  test('is that of PGPASSWORD before that of a file, and after that of the URL', () => {
    const env = { PGPASSWORD: 'of-variable', PGPASSFILE: file('*:*:*:*:of-file') };

    expect(passwordOf(target, env)).toBe('of-variable');
    expect(passwordOf({ ...target, password: 'of-url' }, env)).toBe('of-url');
  });

  test.skipIf(process.platform === 'win32')('is not read from a file that others can read', () => {
    const path = file('*:*:*:*:hunter2', 0o640);

    expect(() => passwordOf(target, { PGPASSFILE: path })).toThrow(
      expect.objectContaining({ code: 'STORE_PERMISSION', message: expect.stringContaining(path) }),
    );
  });

  const other = 'h:5433:*:*:hunter2\nh:*:other:*:hunter2\nh:*:*:bob:hunter2\n';
  test.for([
    ['none', () => join(folder, 'none'), 'does not exist'],
    ['a folder', () => folder, 'is not a file'],
    ['a file in a file', () => join(file(''), 'x'), 'cannot be read (ENOTDIR)'],
    ['one without lines', () => file(''), 'has no password for this server'],
    ['one with other lines', () => file(other), 'has no password for this server'],
    ['one with a line that is too short', () => file('h:5432:db:alice'), 'has no password for this server'],
  ] as const)('is missed where PGPASSFILE names %s, and the error says so', ([, make, why]) => {
    const path = make();

    const missed = thrownBy(() => passwordOf(target, { PGPASSFILE: path }));

    expect(missed).toMatchObject({
      code: 'STORE_LOGIN_REFUSED',
      message: expect.stringMatching(/^The server asks for a password, and there is none\./),
      hint: expect.stringContaining('PGPASSFILE'),
    });
    expect(missed.message).toContain(path);
    expect(missed.message).toContain(why);
    expect(missed.message).not.toContain('hunter2');
  });

  test('is sent when the server asks for it, and read only then', async ({ onTestFinished }) => {
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv('PGPASSFILE', file('127.0.0.1:*:x:alice:hunter2'));
    const server = new Asking([CLEARTEXT]);
    onTestFinished(() => server[Symbol.asyncDispose]());
    const url = `postgres://alice@127.0.0.1:${await server.listen()}/x?require_auth=password`;

    await refusalOf(url, 'hunter2');
    expect(Buffer.concat(server.heard).toString('latin1')).toMatch(/^p.{4}hunter2\0$/su);

    vi.stubEnv('PGPASSFILE', file('*:*:*:*:hunter2', 0o644));
    expect(await refusalOf(url, 'hunter2')).toMatchObject({ code: 'STORE_PERMISSION' });
    vi.stubEnv('PGPASSFILE', join(folder, 'none'));
    expect(await refusalOf(url, 'hunter2')).toMatchObject({ code: 'STORE_LOGIN_REFUSED' });
  });
});

function thrownBy(call: () => unknown): OrchestratorError {
  try {
    call();
  } catch (error) {
    if (error instanceof OrchestratorError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
