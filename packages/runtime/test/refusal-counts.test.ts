/*
 * What is refused without an event:
 *  - duplicates, busy claims and calls of former holders are counted, each part of a batch by itself; nothing else is
 *  - a claim that waits for a session, and so asks again and again, counts once for each holder
 *  - counts are written when the orchestrator closes, or ten seconds after the first; not before
 *  - they are read by namespace, from a time on; the hours before are not read
 *  - files are private to the user, and kept for two days; so is the folder of a store that refuses nothing any more
 *  - where they cannot be written or read, nothing fails
 *  - an orchestrator of a store counts by itself, beside the telemetry of the caller
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Orchestrator, type Telemetry } from '@agent-orchestrator/core';
import { openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { expect, onTestFinished, test, vi } from 'vitest';
import { RefusalCounts } from '../src/insight/metrics/refusal-counts.ts';
import { appendRefusals, readRefusals, type RefusalCount } from '../src/insight/metrics/refusal-files.ts';
import { openOrchestrator } from '../src/index.ts';
import { FakeTime } from './support/fake-time.ts';

const HOUR = 3_600_000;
const STORE = 'sqlite:/store.db';
const refusals = (duplicateSuppressed: number, leaseConflicts: number, namespace = 'default') => ({
  namespace,
  duplicateSuppressed,
  leaseConflicts,
});

function counting() {
  const time = new FakeTime();
  const written: (readonly RefusalCount[])[] = [];
  const telemetry = new RefusalCounts({
    write: (counts) => void written.push(counts),
    after: (ms, run) => time.after(ms, run),
  });
  const { newCommandId, newSeed } = time;
  const orchestrator = new Orchestrator({
    storage: openMemoryStorage({ clock: time }),
    newCommandId,
    newSeed,
    telemetry,
  });
  return { time, written, orchestrator };
}

function newState() {
  const folder = mkdtempSync(join(tmpdir(), 'refusals-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return { env: { OPENCLAW_STATE_DIR: folder }, files: join(folder, 'orchestrator', 'refusals') };
}

test('duplicates, busy claims and calls of former holders are counted by parts; nothing else is', async () => {
  const { time, written, orchestrator } = counting();
  await orchestrator.enqueueTasks([
    { dedupeKey: 'a', sessionId: 'a' },
    { dedupeKey: 'a', sessionId: 'a' },
    { dedupeKey: 'b', sessionId: 'b' },
    { dedupeKey: 'a', sessionId: 'a' },
  ]);
  const first = await orchestrator.claimTask({ agent: 'x', sessionId: 'a' });
  await orchestrator.claimTask({ agent: 'y', sessionId: 'a' });
  await orchestrator.claimTask({ agent: 'y', sessionId: 'unknown' });
  if (!first.ok) throw new Error(first.reason);
  const second = await orchestrator.claimTask({ agent: 'x', sessionId: 'b' });
  if (!second.ok) throw new Error(second.reason);
  await orchestrator.releaseTasks([first, second].map(({ lease: { token } }) => ({ token, outcome: 'released' })));
  await orchestrator.heartbeat({ token: first.lease.token });
  await orchestrator.releaseTasks([
    { token: first.lease.token, outcome: 'failed' },
    { token: second.lease.token, outcome: 'failed' },
  ]);
  await orchestrator.enqueueTask({ namespace: 'other', dedupeKey: 'a' });
  await orchestrator.enqueueTask({ namespace: 'other', dedupeKey: 'a' });

  await time.advance(9_999);
  expect(written).toEqual([]);
  await time.advance(1);

  expect(written).toEqual([[refusals(2, 4), refusals(1, 0, 'other')]]);
  expect(time.timers).toBe(0);
});

test('a claim that asks again and again counts once for each holder', async () => {
  const { written, orchestrator } = counting();
  await orchestrator.enqueueTask({ sessionId: 'a' });
  for (const instance of ['first', 'second']) {
    const held = await orchestrator.claimTask({ agent: 'x', instance, sessionId: 'a' });
    if (!held.ok) throw new Error(held.reason);
    for (let again = 0; again < 5; again += 1) await orchestrator.claimTask({ agent: 'y', sessionId: 'a' });
    await orchestrator.releaseTask({ token: held.lease.token, outcome: 'released' });
  }

  await orchestrator[Symbol.asyncDispose]();

  expect(written).toEqual([[refusals(0, 2)]]);
});

test('counts are written when the orchestrator closes, and once', async () => {
  const { time, written, orchestrator } = counting();
  await orchestrator.enqueueTask({ dedupeKey: 'a' });
  await orchestrator.enqueueTask({ dedupeKey: 'a' });

  await orchestrator[Symbol.asyncDispose]();
  await time.advance(20_000);

  expect(written).toEqual([[refusals(1, 0)]]);
});

test('they are read by namespace, from a time on, for every login of a server', () => {
  const { env } = newState();
  const at = Date.UTC(2026, 0, 31, 9, 30);
  const store = 'postgres://app@db/work';

  appendRefusals(store, [refusals(1, 0)], at - HOUR, env);
  appendRefusals(store, [refusals(2, 20), refusals(7, 0, 'other')], at - 1, env);
  appendRefusals(store, [refusals(4, 40)], at, env);
  appendRefusals('postgres://app@db/play', [refusals(100, 100)], at, env);

  expect(readRefusals('postgres://owner@db/work', at - 1, env)).toEqual([refusals(6, 60), refusals(7, 0, 'other')]);
  expect(readRefusals(store, at, env)).toEqual([refusals(4, 40)]);
  expect(readRefusals(store, at - 2 * HOUR, env)).toEqual([refusals(7, 60), refusals(7, 0, 'other')]);
  expect(readRefusals(store, at + 1, env)).toEqual([]);
});

test('files are private to the user, and kept for two days', () => {
  const { env, files } = newState();
  const at = Date.UTC(2026, 0, 31, 9, 30);

  appendRefusals(STORE, [refusals(1, 0)], at - 49 * HOUR, env);
  appendRefusals(STORE, [refusals(1, 0)], at - 48 * HOUR, env);
  appendRefusals(STORE, [refusals(1, 0)], at, env);

  const [folder = ''] = readdirSync(files);
  const names = readdirSync(join(files, folder));
  expect(names.toSorted()).toEqual(['2026-01-29T09.jsonl', '2026-01-31T09.jsonl']);
  expect(
    [statSync(files), ...names.map((name) => statSync(join(files, folder, name)))].map(({ mode }) => mode & 0o777),
  ).toEqual([0o700, 0o600, 0o600]);
  appendRefusals('sqlite:/second.db', [refusals(1, 0)], at + 48 * HOUR, env);
  const kept = readdirSync(files).length;
  appendRefusals('sqlite:/third.db', [refusals(1, 0)], at + 49 * HOUR, env);
  expect([kept, readdirSync(files).length, readRefusals(STORE, 0, env)]).toEqual([2, 2, []]);
});

test('where they cannot be written or read, nothing fails', () => {
  const { env, files } = newState();
  const at = Date.UTC(2026, 0, 31, 9, 30);
  mkdirSync(join(files, '..'), { recursive: true });
  writeFileSync(files, 'a file where a folder should be');

  appendRefusals(STORE, [refusals(1, 0)], at, env);
  expect(readRefusals(STORE, 0, env)).toEqual([]);

  rmSync(files);
  appendRefusals(STORE, [refusals(1, 0)], at, env);
  const [folder = ''] = readdirSync(files);
  writeFileSync(join(files, folder, '2026-01-31T09.jsonl'), '{"at":1,\nnot JSON\n{"at":-1}\n', { flag: 'a' });
  expect(readRefusals(STORE, 0, env)).toEqual([refusals(1, 0)]);
});

test('an orchestrator of a store counts by itself, beside the telemetry of the caller', async () => {
  const { env } = newState();
  vi.stubEnv('OPENCLAW_STATE_DIR', env.OPENCLAW_STATE_DIR);
  onTestFinished(() => void vi.unstubAllEnvs());
  const url = `sqlite:${join(env.OPENCLAW_STATE_DIR, 'store.db')}`;
  const told: string[] = [];
  const telemetry: Telemetry = {
    started: (command) => ({ decided: () => void told.push(command), ended: ({ outcome }) => void told.push(outcome) }),
    closed: () => void told.push('closed'),
  };

  {
    await using orchestrator = await openOrchestrator(url, { telemetry });
    await orchestrator.enqueueTask({ dedupeKey: 'a' });
    await orchestrator.enqueueTask({ dedupeKey: 'a' });
  }

  expect(told).toEqual(['enqueue', 'ok', 'enqueue', 'duplicate', 'closed']);
  expect(readRefusals(url, 0)).toEqual([refusals(1, 0)]);
});
