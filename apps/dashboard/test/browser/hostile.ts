/**
 * A page of another site in the browser of a signed-in user, at an address of the same machine and at another name
 * below `localhost`, tries every way to reach the dashboard: the server answers nothing but 403, no cookie comes to it,
 * and the user's own page stays as it is.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { CHROMIUM } from '../support/browser.ts';
import { hasIpv6 } from '../support/ipv6.ts';
import { scene, signIn } from '../support/shown.ts';

/** One of each kind that the server tells apart. */
const ROUTES = ['', 'api/now', 'api/stream', 'metrics', 'health/ready', 'login?code=x', 'login/link'];
const PATIENCE_MS = 500;

/** What the page tried, and what came of it: `nothing`, or what it learnt. */
interface Attempt {
  readonly how: string;
  readonly route: string;
  readonly got: string;
}

test.skipIf(CHROMIUM === null).each([
  ['127.0.0.1', ['127.0.0.1', ...(hasIpv6() ? ['[::1]'] : [])]],
  ['evil.localhost', []],
])('a hostile page at %s learns nothing', async (name, addresses) => {
  const { program } = scene().sqlite;
  const { context, tab: own } = await signIn(scene().sqlite);
  const cookies: string[] = [];
  const port = await serveHostilePage(cookies);
  const evil = await context.newPage();
  await evil.goto(`http://${name}:${port}/`);
  // What the server said: a browser hides it from the page, whatever it was.
  const said = await answersIn(evil);
  const targets = [program.url, ...addresses.map((one) => `http://${one}:${program.port}/`)];

  const attempts: Attempt[] = [];
  for (const target of targets)
    attempts.push(...(await evil.evaluate(tryEverything, { target, routes: ROUTES, patience: PATIENCE_MS })));
  // A form that posts takes the page away, so it comes last.
  const posted = evil.waitForResponse((response) => response.request().method() === 'POST');
  await evil.evaluate((action) => {
    const form = document.createElement('form');
    Object.assign(form, { method: 'post', action });
    document.body.append(form);
    form.submit();
  }, `${program.url}api/now`);

  expect(attempts.length).toBe(targets.length * ROUTES.length * 7);
  expect(attempts.filter(({ got }) => got !== 'nothing')).toEqual([]);
  expect((await posted).status()).toBe(403);
  const answers = said().filter(({ url }) => targets.some((target) => url.startsWith(target)));
  expect(answers.filter(({ status }) => status !== 403)).toEqual([]);
  // A WebSocket is no answer, and a browser may join some of the others.
  expect(answers.length).toBeGreaterThan(targets.length * ROUTES.length * 3);
  expect(cookies.filter((cookie) => cookie.includes('orchestrator'))).toEqual([]);
  // The user's own page is as before.
  expect(own.complaints).toEqual([]);
  expect(await own.state()).toBe('live');
  await context.close();
});

/** @returns its port */
async function serveHostilePage(cookies: string[]): Promise<number> {
  const server = createServer((request, response) => {
    cookies.push(request.headers.cookie ?? '');
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<!doctype html><title>evil</title><body></body>');
  });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** What servers have answered to a page, also where its browser does not let it see that. */
async function answersIn(page: Page): Promise<() => readonly { readonly status: number; readonly url: string }[]> {
  const session = await page.context().newCDPSession(page);
  const urls = new Map<string, string>();
  const statuses: { readonly id: string; readonly status: number }[] = [];
  session.on('Network.requestWillBeSent', ({ requestId, request }) => urls.set(requestId, request.url));
  session.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode }) =>
    statuses.push({ id: requestId, status: statusCode }),
  );
  await session.send('Network.enable');
  return () => statuses.map(({ id, status }) => ({ status, url: urls.get(id) ?? '' }));
}

/** Runs in the hostile page. */
async function tryEverything({
  target,
  routes,
  patience,
}: {
  readonly target: string;
  readonly routes: readonly string[];
  readonly patience: number;
}): Promise<Attempt[]> {
  /** `nothing` unless the attempt says what it got in time. */
  const outcome = async (begin: (got: (what: string) => void) => void): Promise<string> => {
    const { promise, resolve } = Promise.withResolvers<string>();
    setTimeout(() => resolve('nothing'), patience);
    begin(resolve);
    return promise;
  };
  // oxlint-disable-next-line unicorn/consistent-function-scoping -- only this function is sent to the page
  const element = (tag: 'img' | 'script' | 'iframe', url: string) => (got: (what: string) => void) => {
    const made = document.createElement(tag);
    made.addEventListener('load', () => {
      // A frame loads an error page, too; what counts is whether it can be read.
      const inside = made instanceof HTMLIFrameElement ? made.contentDocument?.body.textContent : 'loaded';
      if (inside !== undefined && inside !== null && inside !== '') got(inside);
    });
    made.src = url;
    document.body.append(made);
  };
  // oxlint-disable-next-line unicorn/consistent-function-scoping -- only this function is sent to the page
  const read = async (url: string, how: RequestInit, got: (what: string) => void) => {
    try {
      const text = await (await fetch(url, how)).text();
      if (text !== '') got(text);
    } catch {
      // Refused, as it should be.
    }
  };
  const ways: Readonly<Record<string, (url: string, got: (what: string) => void) => void>> = {
    fetch: (url, got) => void read(url, { credentials: 'include' }, got),
    'no-cors': (url, got) => void read(url, { credentials: 'include', mode: 'no-cors' }, got),
    img: (url, got) => element('img', url)(got),
    script: (url, got) => element('script', url)(got),
    iframe: (url, got) => element('iframe', url)(got),
    EventSource: (url, got) => {
      const source = new EventSource(url, { withCredentials: true });
      source.addEventListener('open', () => got('open'));
      source.addEventListener('changed', ({ data }: MessageEvent<string>) => got(data));
      setTimeout(() => source.close(), patience);
    },
    WebSocket: (url, got) => {
      const socket = new WebSocket(url.replace(/^http/, 'ws'));
      socket.addEventListener('open', () => got('open'));
    },
  };
  return Promise.all(
    routes.flatMap((route) =>
      Object.entries(ways).map(async ([how, way]) => ({
        how,
        route,
        got: await outcome((got) => way(target + route, got)),
      })),
    ),
  );
}
