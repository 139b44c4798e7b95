/**
 * What no request gets past, whatever it asks for:
 *
 * - a host that is not served here is answered 421, and so a name of another site that leads here
 * - another origin, and a request that a browser makes for another site, is answered 403
 * - nothing but GET and HEAD
 * - without a cookie, no page and no data; a cookie is good at the name of the pages alone
 * - only the check of life is exempt, and it does not touch the store
 * - every answer forbids what pages do not need
 */
import { describe, expect, test } from 'vitest';
import { served } from './support/served.ts';

const PATHS = ['/', '/assets/main.js', '/api/now', '/api/stream', '/metrics', '/health/ready', '/login?code=x', '/no'];

describe('every path refuses', () => {
  test('a host that is not served here', async () => {
    const { get, dashboard } = await served();

    for (const host of ['evil.example', `evil.example:${dashboard.port}`, '127.0.0.1', 'localhost:1'])
      for (const path of PATHS) expect({ path, host, ...(await get(path, { host })) }).toMatchObject({ status: 421 });
  });

  test('another origin, even with a cookie', async () => {
    const { get, signIn } = await served();
    const cookie = await signIn();

    for (const origin of ['http://evil.example', 'null', 'https://evil.example:1'])
      for (const path of PATHS)
        expect({ path, ...(await get(path, { origin, cookie })) }).toMatchObject({ status: 403 });
  });

  test('what a browser asks for another site, but for following a link to a page', async () => {
    const { get, signIn } = await served();
    const cookie = await signIn();
    const loads = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' };
    const follows = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

    for (const path of PATHS)
      expect({ path, ...(await get(path, { ...loads, cookie })) }).toMatchObject({ status: 403 });
    expect(await get('/api/now', { ...follows, cookie })).toMatchObject({ status: 403 });
    expect(await get('/', { ...follows, 'sec-fetch-dest': 'iframe', cookie })).toMatchObject({ status: 403 });
    expect(await get('/', { ...follows, cookie })).toMatchObject({ status: 200 });
  });

  test('other methods than GET and HEAD', async () => {
    const { get, signIn } = await served();
    const cookie = await signIn();

    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
      for (const path of PATHS)
        expect(await get(path, { cookie }, method)).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    expect(await get('/', { cookie }, 'HEAD')).toMatchObject({ status: 200, text: '' });
  });

  test('a WebSocket', async () => {
    const { get } = await served();

    const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
    expect(await get('/api/stream', { ...upgrade, origin: 'http://evil.example' })).toMatchObject({ status: 403 });
  });
});

test('without a cookie there is no data', async () => {
  const { get } = await served();

  for (const path of ['/api/now', '/api/stream', '/api/task?id=x', '/'])
    expect({ path, ...(await get(path)) }).toMatchObject({ status: 401 });
  expect((await get('/?x=1')).text).toContain('orchestrator dashboard');
});

test('a cookie is good at the name of the pages alone', async () => {
  const { get, signIn, dashboard } = await served();
  const cookie = await signIn();

  expect(await get('/api/now', { cookie })).toMatchObject({ status: 200 });
  for (const name of ['127.0.0.1', 'localhost', '[::1]']) {
    expect(await get('/api/now', { cookie, host: `${name}:${dashboard.port}` })).toMatchObject({ status: 401 });
    expect((await get('/', { cookie, host: `${name}:${dashboard.port}` })).text).toContain(dashboard.url);
  }
});

test('whether it lives is told to every address, and nothing else is', async () => {
  const { get } = await served();

  expect(await get('/health/live', { host: '10.0.0.7' })).toMatchObject({ status: 200, text: 'live\n' });
  expect(await get('/health/live/..', { host: '10.0.0.7' })).toMatchObject({ status: 421 });
  expect(await get('/health/live', {}, 'POST')).toMatchObject({ status: 405 });
});

test('every answer forbids what pages do not need', async () => {
  const { get, signIn } = await served();
  const cookie = await signIn();

  for (const [path, headers] of [
    ['/', { cookie }],
    ['/', {}],
    ['/api/now', { cookie }],
    ['/no', { host: 'x' }],
    ['/api/stream', { cookie }],
  ] as const) {
    const got = await get(path, headers);
    expect(got.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'x-frame-options': 'DENY',
    });
    const policy = String(got.headers['content-security-policy']);
    for (const part of ["default-src 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"])
      expect(policy).toContain(part);
    expect(policy).not.toMatch(/unsafe|\*/u);
  }
});

test('what is no address is refused, and is nothing for the terminal', async () => {
  const said: string[] = [];
  const { get } = await served({ log: (line) => said.push(line) });

  for (const path of ['//', '//[', 'http://evil.example/', '*'])
    expect({ path, ...(await get(path, { host: 'evil.example' })) }).toMatchObject({ status: 400 });
  expect(said).toEqual([]);
});

test('a path does not lead out of the folder of the pages', async () => {
  const { get, signIn } = await served();
  const cookie = await signIn();

  for (const path of [
    '/../store.db',
    '/..%2fstore.db',
    '/assets/../../store.db',
    '//etc/passwd',
    '/%00',
    // As long as `/api/` before a question, and not that.
    '/abc/now?at=nonsense',
  ])
    expect({ path, ...(await get(path, { cookie })) }).toMatchObject({ status: 404 });
});
