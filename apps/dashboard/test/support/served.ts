import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Orchestrator } from '@agent-orchestrator/core';
import { openOrchestrator, resolveSettings } from '@agent-orchestrator/runtime';
import { onTestFinished } from 'vitest';
import { Secrets, serveDashboard, type Dashboard, type DashboardOptions } from '../../src/index.ts';
import { HERE } from './scenario.ts';

/** What came back, without following or decoding. */
interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A dashboard of a new store, and what a program like curl would see of it. */
export interface Served {
  readonly dashboard: Dashboard;
  readonly orchestrator: Orchestrator;
  readonly folder: string;
  /** The host of the pages. */
  readonly host: string;
  readonly secrets: Secrets;
  /** Headers by name; an undefined one is not sent. */
  readonly get: (path: string, headers?: Readonly<Record<string, string | undefined>>, method?: string) => Promise<Got>;
  /** The cookie of a browser that has used a new link. */
  readonly signIn: () => Promise<string>;
  /** The answer to a page, signed in. */
  readonly api: (
    path: string,
  ) => Promise<{ readonly data: Record<string, never>; readonly meta: Record<string, never> }>;
}

export async function served(options: Partial<DashboardOptions> = {}): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'dashboard-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const pageFolder = join(folder, 'page');
  mkdirSync(join(pageFolder, 'assets'), { recursive: true });
  writeFileSync(join(pageFolder, 'index.html'), '<!doctype html><title>page</title>');
  writeFileSync(join(pageFolder, 'assets', 'main.js'), 'export {};');
  const store = options.store ?? `sqlite:${join(folder, 'store.db')}`;
  const orchestrator = await openOrchestrator(store, HERE);
  const secrets = options.secrets ?? new Secrets(join(folder, 'secrets'));
  const { thresholds } = await resolveSettings();
  const dashboard = await serveDashboard({
    store,
    namespace: 'default',
    port: 0,
    pageFolder,
    verifyProgram: new URL('file:///nowhere.js'),
    version: '0.0.0',
    thresholds,
    secrets,
    ...options,
  });
  onTestFinished(async () => {
    await dashboard[Symbol.asyncDispose]();
    await orchestrator[Symbol.asyncDispose]();
  });
  const { host } = new URL(dashboard.url);
  const get: Served['get'] = async (path, headers = {}, method = 'GET') =>
    fetchRaw({ port: dashboard.port, path, method, headers: { host, ...headers } });
  const signIn = async () => {
    const { pathname, search } = new URL(dashboard.newLink());
    const [cookie = ''] = (await get(pathname + search)).headers['set-cookie'] ?? [];
    return cookie.split(';')[0] ?? '';
  };
  let cookie: string | null = null;
  const api: Served['api'] = async (path) => {
    cookie ??= await signIn();
    const { status, text } = await get(`/api/${path}`, { cookie });
    if (status !== 200) throw new Error(`${path} answered ${status}: ${text}`);
    return JSON.parse(text) as Awaited<ReturnType<Served['api']>>;
  };
  return { dashboard, orchestrator, folder, host, secrets, get, signIn, api };
}

interface RawRequest {
  readonly port: number;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** `fetch` sets some headers itself; this sends what it is told. */
async function fetchRaw({ port, path, method, headers }: RawRequest): Promise<Got> {
  const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;
  const { promise, resolve, reject } = Promise.withResolvers<Got>();
  const asked = request({ host: '127.0.0.1', port, path, method, headers: sent, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    // A stream never ends: its begin is what is asked for.
    const isStream = response.headers['content-type'] === 'text/event-stream';
    const done = () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
    response.on('data', (chunk: string) => {
      text += chunk;
      if (isStream && text.includes('\n\n')) {
        done();
        response.destroy();
      }
    });
    response.on('end', done);
    response.on('error', () => done());
  });
  asked.on('error', reject);
  asked.end();
  return promise;
}

/** Until the dashboard has read all that the store has. */
export async function caughtUp({ dashboard: { follower }, orchestrator }: Served): Promise<void> {
  const asOf = await orchestrator.asOf();
  while (follower.state.phase !== 'live' || follower.state.asOf < asOf)
    await new Promise((next) => setTimeout(next, 5));
}
