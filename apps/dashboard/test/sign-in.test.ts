/**
 * Who may look:
 *
 * - a link signs in once, within a minute
 * - the cookie is named by port, cannot be read by scripts, goes nowhere else, and ends after twelve hours
 * - it ends with the process
 * - it has its port at both addresses of this machine: a browser asks for a name below `localhost` at either
 * - a program of the same user gets a new link from a dashboard that runs; others do not
 * - what holds the port is not believed without a proof, and what it hears is of no use later
 * - behind a proxy only requests with its secret count
 * - a stream ends with the sign-in, and when nothing reads it
 * - what could be read by other users is refused
 */
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { askForLink, openingPage, problemOfPublicUrl, Secrets } from '../src/index.ts';
import { LINK_HEADER, LinkRequest } from '../src/server/link-request.ts';
import { Streams } from '../src/server/stream.ts';
import { hasIpv6 } from './support/ipv6.ts';
import { served } from './support/served.ts';

const MINUTE = 60_000;

function pathOf(link: string): string {
  const { pathname, search } = new URL(link);
  return pathname + search;
}

test('a link signs in once', async () => {
  const { get, dashboard } = await served();
  const path = pathOf(dashboard.newLink());

  const first = await get(path);
  const second = await get(path);

  // A page, not a redirect: what a file has begun brings no cookie that is strict, however often it is redirected.
  expect(first).toMatchObject({ status: 200, text: expect.stringContaining('content="0; url=./"') });
  expect(second).toMatchObject({ status: 401 });
  expect(second.headers['set-cookie']).toBeUndefined();
});

test('a link is good for a minute', async () => {
  let now = Date.now();
  const { get, dashboard } = await served({ clock: () => now });
  const [early, late] = [pathOf(dashboard.newLink()), pathOf(dashboard.newLink())];

  now += MINUTE;
  expect(await get(early)).toMatchObject({ status: 200 });
  now += 1;
  expect(await get(late)).toMatchObject({ status: 401 });
});

test('the cookie is named by port, and ends', async () => {
  let now = Date.now();
  const { get, dashboard, signIn } = await served({ clock: () => now });
  const [set = ''] = (await get(pathOf(dashboard.newLink()))).headers['set-cookie'] ?? [];
  const cookie = await signIn();

  expect(set).toMatch(
    new RegExp(`^orchestrator-${dashboard.port}=\\d+\\.[\\w-]{43}; HttpOnly; SameSite=Strict; Max-Age=43200; Path=/$`),
  );
  expect(await get('/api/now', { cookie })).toMatchObject({ status: 200 });
  const later = cookie.replace(/=\d+/, (until) => `=${Number(until.slice(1)) + 1}`);
  expect(await get('/api/now', { cookie: later })).toMatchObject({ status: 401 });
  now += 12 * 60 * MINUTE;
  expect(await get('/api/now', { cookie })).toMatchObject({ status: 401 });
});

test('a cookie ends with the dashboard: what took its port meanwhile has heard nothing of use', async () => {
  const first = await served();
  const cookie = await first.signIn();
  const { port, url } = first.dashboard;
  await first.dashboard[Symbol.asyncDispose]();

  const second = await served({ port, secrets: first.secrets });

  expect(second.dashboard.url).toBe(url);
  expect(await second.get('/api/now', { cookie })).toMatchObject({ status: 401 });
});

describe.skipIf(!hasIpv6())('at the other address of this machine', () => {
  test('it answers, too', async () => {
    const { dashboard, host } = await served();

    const answer = await fetch(`http://[::1]:${dashboard.port}/login/challenge`);

    expect(answer.status).toBe(200);
    expect(new URL(dashboard.url).host).toBe(host);
  });

  test('a port that a stranger has there is in use, and nothing is left open', async () => {
    const stranger = createServer((_, response) => response.end());
    stranger.listen(0, '::1');
    await once(stranger, 'listening');
    onTestFinished(() => void stranger.close());
    const { port } = stranger.address() as AddressInfo;

    await expect(served({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  });
});

test('a program of the same user gets a new link, and no other', async () => {
  const { dashboard, secrets, folder, get } = await served();

  const found = await askForLink(dashboard.port, secrets);
  const foreign = await askForLink(dashboard.port, new Secrets(join(folder, 'of-another')));

  expect(found).toMatchObject({ store: expect.stringContaining(folder), namespace: 'default', payloads: 'shown' });
  expect(await get(pathOf(found?.link ?? ''))).toMatchObject({ status: 200 });
  expect(foreign).toBeNull();
  expect(await get('/login/link')).toMatchObject({ status: 401 });
});

test('a program of another user at the port is not believed, and learns nothing that is good later', async () => {
  const first = await served();
  const { secrets, dashboard } = first;
  const { port } = dashboard;
  const heard: string[] = [];
  // It relays, and keeps what it hears; or it answers a link of its own.
  const relayed = await first.get('/login/challenge');
  await dashboard[Symbol.asyncDispose]();
  const answers = [
    relayed.text,
    JSON.stringify({ link: 'http://x/"><script>', store: 'sqlite:store.db', namespace: 'x', proof: '' }),
  ];
  const liar = await answering(port, (request) => {
    heard.push(String(request.headers[LINK_HEADER] ?? ''));
    return answers.shift() ?? '';
  });

  expect(await askForLink(port, secrets)).toBeNull();
  await liar.stop();
  const second = await served({ port, secrets });

  const [, sent = ''] = heard;
  expect(sent).not.toBe('');
  expect(await second.get('/login/link', { [LINK_HEADER]: sent })).toMatchObject({ status: 401 });
});

test('a request for a link is good once', async () => {
  const { dashboard, secrets, get } = await served();
  const { challenge } = JSON.parse((await get('/login/challenge')).text) as { readonly challenge: string };
  const headers = { [LINK_HEADER]: new LinkRequest(secrets, dashboard.port, challenge).header };

  expect(await get('/login/link', headers)).toMatchObject({ status: 200 });
  expect(await get('/login/link', headers)).toMatchObject({ status: 401 });
  const elsewhere = new LinkRequest(secrets, dashboard.port + 1, challenge).header;
  expect(await get('/login/link', { [LINK_HEADER]: elsewhere })).toMatchObject({ status: 401 });
});

test('the file that opens a link has nothing but the link', () => {
  expect(openingPage('http://x/login?code="><script>&amp')).toContain(
    'content="0; url=http://x/login?code=&quot;>&lt;script>&amp;amp"',
  );
});

test('behind a proxy only requests with its secret count', async () => {
  const proxy = { url: new URL('https://tools.example/orch'), secret: 'proxy-secret-of-the-test' };
  const { get, dashboard } = await served({ proxy });
  const link = new URL(dashboard.newLink());
  const through = {
    host: 'tools.example',
    origin: 'https://tools.example',
    'x-orchestrator-proxy-secret': proxy.secret,
  };

  expect(link.href).toMatch(/^https:\/\/tools\.example\/orch\/login\?code=/);
  // The proxy takes its own path away.
  const [set = ''] = (await get(`/login${link.search}`, through)).headers['set-cookie'] ?? [];
  expect(set).toMatch(/; Path=\/orch; Secure$/);
  const cookie = set.split(';')[0];
  expect(await get('/api/now', { ...through, cookie })).toMatchObject({ status: 200 });
  expect(await get('/api/now', { ...through, cookie, 'x-orchestrator-proxy-secret': 'wrong' })).toMatchObject({
    status: 401,
  });
  expect(await get('/api/now', { host: 'tools.example', cookie })).toMatchObject({ status: 401 });
  // At its own name as well: the proxy is the only way in.
  expect(await get('/api/now', { cookie })).toMatchObject({ status: 401 });
});

test.each([
  ['ftp://tools.example/', 'http or https'],
  ['https://tools.example/?x=1', '? or #'],
  ['https://tools.example/#x', '? or #'],
  ['https://me:word@tools.example/', 'no user name'],
  ['https://tools.example/a;Domain=evil', 'semicolon'],
])('the public address cannot be %s', (address, problem) => {
  expect(problemOfPublicUrl(new URL(address))).toContain(problem);
  expect(problemOfPublicUrl(new URL('https://tools.example/orch/'))).toBeNull();
});

test('a look at the head of a link does not use it up', async () => {
  const { get, dashboard } = await served();
  const path = pathOf(dashboard.newLink());

  expect((await get(path, {}, 'HEAD')).headers['set-cookie']).toBeUndefined();
  expect(await get(path)).toMatchObject({ status: 200 });
});

test('a stream ends when the browser is not signed in any more', async () => {
  let now = Date.now();
  const { get, dashboard, signIn } = await served({ clock: () => now });
  const streams = new Streams(dashboard.follower, () => now);
  onTestFinished(() => streams.close());
  const response = new PassThrough() as unknown as ServerResponse;
  response.writeHead = () => response;
  expect(await get('/api/stream', { cookie: await signIn() })).toMatchObject({ status: 200 });

  streams.open(response, now + MINUTE);
  streams.tellAll('alive');
  expect([streams.count, response.writableEnded]).toEqual([1, false]);
  now += MINUTE;
  streams.tellAll('alive');
  expect(response.writableEnded).toBe(true);
});

test('a stream that nothing reads is cut, and gathers nothing', async () => {
  const { dashboard } = await served();
  const streams = new Streams(dashboard.follower, Date.now);
  onTestFinished(() => streams.close());
  const response = new PassThrough({ highWaterMark: 64 }) as unknown as ServerResponse;
  response.writeHead = () => response;

  streams.open(response, Number.MAX_SAFE_INTEGER);
  streams.tellAll('alive');

  expect(response.destroyed).toBe(true);
});

test.skipIf(process.platform === 'win32')('a secret that other users could read is refused', async () => {
  const { folder } = await served();
  const secret = join(folder, 'secrets', 'secret');

  expect(statSync(secret).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'secrets', 'metrics-token')).mode & 0o777).toBe(0o600);
  chmodSync(secret, 0o644);
  expect(() => new Secrets(join(folder, 'secrets'))).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

test('a secret that is not whole is refused, and left to its writer', async () => {
  const { folder } = await served();
  const secret = join(folder, 'secrets', 'secret');
  writeFileSync(secret, 'begun');

  expect(() => new Secrets(join(folder, 'secrets'))).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  expect(readFileSync(secret, 'utf8')).toBe('begun');
});

/** A program at a port that answers 200 to everything. */
async function answering(port: number, answer: (request: IncomingMessage) => string) {
  const server = createServer((request, response) => response.end(answer(request)));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
