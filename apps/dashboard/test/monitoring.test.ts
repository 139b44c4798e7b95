/**
 * What a monitoring system gets:
 *
 * - metrics only with the token
 * - ready only while the store is open for work, and the dashboard has read it
 * - a file that was replaced is told: not ready, and not live
 * - alive without the store
 */
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { expect, test, vi } from 'vitest';
import { playScenario } from './support/scenario.ts';
import { caughtUp, served } from './support/served.ts';

test('metrics need the token, and have the figures of the whole log', async () => {
  const it = await served();
  await playScenario(it.orchestrator);
  // The last event is of a namespace that this dashboard does not show.
  await it.orchestrator.enqueueTask({ title: 'of others', namespace: 'other' });
  await caughtUp(it);
  const authorization = `Bearer ${it.secrets.metricsToken}`;

  expect(await it.get('/metrics')).toMatchObject({ status: 401 });
  expect(await it.get('/metrics', { authorization: `${authorization}x` })).toMatchObject({ status: 401 });
  const { status, text, headers } = await it.get('/metrics', { authorization, host: `127.0.0.1:${it.dashboard.port}` });

  expect(status).toBe(200);
  expect(headers['content-type']).toMatch(/^text\/plain; version=/);
  const asOf = await it.orchestrator.asOf();
  expect(text).toContain(`orchestrator_log_last_event ${asOf}\n`);
  expect(text).toContain(`orchestrator_log_verified_event{namespace="default"} ${asOf}\n`);
  expect(text).toContain('orchestrator_log_verify_findings{namespace="default"} 0\n');
  expect(text).toContain('orchestrator_follower_lag_seconds{namespace="default"} 0\n');
  expect(text).toMatch(/orchestrator_events_total\{type="task\.queued"\} \d+/);
});

test.skipIf(process.platform === 'win32')('a file that was replaced is told, and not shown as live', async () => {
  const it = await served();
  await it.orchestrator.enqueueTask({ title: 'of the old file' });
  await caughtUp(it);
  await it.orchestrator[Symbol.asyncDispose]();

  for (const name of readdirSync(it.folder).filter((one) => one.startsWith('store.db')))
    renameSync(join(it.folder, name), join(it.folder, `old-${name}`));
  await using other = await openOrchestrator(`sqlite:${join(it.folder, 'store.db')}`);
  await other.enqueueTask({ title: 'of the new file' });
  await vi.waitFor(() => expect(it.dashboard.follower.state.phase).toBe('failed'), { timeout: 10_000 });

  expect(it.dashboard.follower.state.error).toMatchObject({ code: 'STORE_REPLACED' });
  const ready = await it.get('/health/ready');
  expect([ready.status, JSON.parse(ready.text)]).toEqual([503, expect.objectContaining({ problem: 'STORE_REPLACED' })]);
});

test('ready while the store can be used, and not any more when it is gone', async () => {
  let now = Date.now();
  const it = await served({ clock: () => now });
  await caughtUp(it);

  expect(await it.get('/health/ready')).toMatchObject({ status: 200 });
  await it.orchestrator[Symbol.asyncDispose]();
  rmSync(join(it.folder, 'store.db'));
  now += 3_000;
  const ready = await it.get('/health/ready');

  expect(ready).toMatchObject({ status: 503 });
  expect(JSON.parse(ready.text)).toMatchObject({ ready: false, problem: expect.stringMatching(/^STORE_/) });
  expect(await it.get('/health/live')).toMatchObject({ status: 200 });
});
