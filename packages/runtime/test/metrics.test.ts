/*
 * Metrics of a log:
 *  - of a known log, each counter and each time is what happened
 *  - every type of event has a counter, also those that never happened
 *  - a window counts only what happened in it; kinds, waits and runs that began before it are looked up
 *  - of a task that was claimed before, the wait begins where the last lease ended
 *  - labels are bounded: the first kinds and namespaces, the last agents, and `_other` for the rest
 *  - a window with more events than are counted says so
 *  - the state: the oldest claimable task, also one whose time has come; expired and stale leases
 *  - all namespaces count together, or one
 *
 * Totals:
 *  - continue where an earlier call has stopped, and read no event twice
 *  - a file that fits another log is not used, nor one that cannot be read
 */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EVENT_DOCS } from '@agent-orchestrator/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readMetrics, readTotals, TotalsFile, type MetricsQuestion, type Tally } from '../src/index.ts';
import { Office } from './support/card-worlds.ts';

const HOUR = 3_600_000;
const question: MetricsQuestion = { sinceMs: HOUR, refusals: () => [] };

/** Done, failed, given back, interrupted, fenced: each step takes a second. */
async function busyOffice(): Promise<Office> {
  const office = new Office();
  await office.add({ sessionId: 'a', kind: 'mail' });
  await office.add({ sessionId: 'b', kind: 'mail', attemptsMax: 1 });
  await office.add({ sessionId: 'c', kind: 'report' });
  await office.add({ sessionId: 'd', kind: 'report', interruptionsMax: 0 });
  await office.release(await office.claim({ sessionId: 'a' }), { outcome: 'failed' });
  await office.release(await office.claim({ sessionId: 'b' }), { outcome: 'failed' });
  const given = await office.claim({ sessionId: 'c' });
  office.time.stop(69_000);
  await office.release(given, { outcome: 'released' });
  const lost = await office.claim({ sessionId: 'd', agent: 'silent' });
  office.time.stop(200_000);
  await office.orchestrator.staleRecovery({ agent: 'watchman' });
  await office.orchestrator.heartbeat({ token: lost.lease.token });
  await office.release(await office.claim({ sessionId: 'c' }), { outcome: 'succeeded' });
  return office;
}

function numbers(tally: Tally, ...names: Parameters<Tally['numbers']>[0][]): Record<string, number> {
  const all = names.flatMap((name) =>
    tally.numbers(name).map(([labels, value]) => [[name, ...labels].join(' '), value] as const),
  );
  return Object.fromEntries(all.filter(([, value]) => value > 0));
}

function times(tally: Tally, name: Parameters<Tally['distributions']>[0]): Record<string, readonly [number, number]> {
  return Object.fromEntries(
    tally.distributions(name).map(([[kind = ''], { counts, sum }]) => [kind, [counts.reduce((a, b) => a + b), sum]]),
  );
}

test('of a known log, each counter and each time is what happened', async () => {
  await using office = await busyOffice();

  const { tally, from, asOf } = await readMetrics(office.orchestrator, question);

  expect(numbers(tally, 'leases_granted_total', 'leases_ended_total', 'dead_letters_total')).toEqual({
    'leases_granted_total mail': 2,
    'leases_granted_total report': 3,
    'leases_ended_total mail failed': 2,
    'leases_ended_total report released': 1,
    'leases_ended_total report stale': 1,
    'leases_ended_total report succeeded': 1,
    'dead_letters_total mail attempts': 1,
    'dead_letters_total report interruptions': 1,
  });
  expect(numbers(tally, 'late_writes_refused_total')).toEqual({ 'late_writes_refused_total heartbeat': 1 });
  expect(times(tally, 'lease_seconds')).toEqual({ mail: [2, 2], report: [3, 70 + 200 + 1] });
  // a: 4 s, b: 5 s; c: 6 s, and 202 s after it was given back; d: 76 s.
  expect(times(tally, 'task_wait_seconds')).toEqual({ mail: [2, 9], report: [3, 6 + 202 + 76] });
  expect(times(tally, 'lease_silence_seconds')).toEqual({ report: [1, 200] });
  expect(numbers(tally, 'tasks')).toEqual({
    'tasks default scheduled': 1,
    'tasks default succeeded': 1,
    'tasks default failed': 2,
  });
  expect(tally.numbers('agent_last_seen_timestamp_seconds').map(([[agent]]) => agent)).toEqual([
    'watchman',
    'silent',
    'company-agent',
  ]);
  expect([from.eventId, from.isCapped, asOf]).toEqual([0, false, tally.sum('events_total')]);
});

test('every type of event has a counter', async () => {
  await using office = new Office();

  const { tally } = await readMetrics(office.orchestrator, question);

  expect(tally.numbers('events_total')).toEqual(Object.keys(EVENT_DOCS).map((type) => [[type], 0]));
});

test('a window counts only what happened in it, and looks up what began before it', async () => {
  await using office = new Office();
  for (const sessionId of ['a', 'b', 'c']) await office.add({ sessionId, kind: 'mail' });
  const running = await office.claim({ sessionId: 'a' });
  await office.release(await office.claim({ sessionId: 'b' }), { outcome: 'released' });
  office.time.stop(100_000);
  await office.release(running, { outcome: 'succeeded' });
  await office.claim({ sessionId: 'b' });
  await office.claim({ sessionId: 'c' });

  const { tally, from } = await readMetrics(office.orchestrator, { ...question, sinceMs: 60_000 });
  const whole = await readMetrics(office.orchestrator, question);

  expect(from.eventId).toBeGreaterThan(6);
  expect(numbers(tally, 'leases_granted_total', 'leases_ended_total')).toEqual({
    'leases_granted_total mail': 2,
    'leases_ended_total mail succeeded': 1,
  });
  expect(times(tally, 'lease_seconds')).toEqual({ mail: [1, 103] });
  expect(times(whole.tally, 'lease_seconds')).toEqual({ mail: [2, 104] });
  expect(numbers(tally, 'events_total')).toEqual({
    'events_total task.claimed': 2,
    'events_total task.succeeded': 1,
  });
});

test('of a task that was held before the window, the wait begins where it became claimable', async () => {
  await using office = new Office();
  await office.add({ sessionId: 'a' });
  const retried = await office.add({ sessionId: 'b', attemptsMax: 1 });
  await office.claim({ sessionId: 'a' });
  await office.release(await office.claim({ sessionId: 'b' }), { outcome: 'failed' });
  office.time.stop(200_000);
  await office.orchestrator.staleRecovery({});
  await office.orchestrator.retryTask({ taskId: retried });
  office.time.stop(99_000);
  const again = await office.claim({ sessionId: 'a' });
  await office.claim({ sessionId: 'b' });
  await office.release(again, { outcome: 'released' });
  await office.claim({ sessionId: 'a' });

  const { tally } = await readMetrics(office.orchestrator, { ...question, sinceMs: 50_000 });

  expect(times(tally, 'task_wait_seconds')).toEqual({ task: [3, 100 + 101 + 1] });
  expect(times(tally, 'lease_seconds')).toEqual({ task: [1, 2] });
});

test('labels are bounded, and the rest is counted together', async () => {
  await using office = new Office();
  for (let at = 0; at < 120; at += 1) {
    await office.add({ sessionId: `session-${at}`, kind: `kind-${at % 60}` });
    await office.claim({ agent: `agent-${at}` });
  }
  for (let at = 0; at < 60; at += 1)
    await office.orchestrator.enqueueTask({ namespace: `n${String(at).padStart(2, '0')}` });

  const { tally } = await readMetrics(office.orchestrator, question);

  expect(tally.numbers('leases_granted_total').length).toBe(51);
  expect(numbers(tally, 'leases_granted_total')['leases_granted_total _other']).toBe(20);
  expect(tally.numbers('agent_last_seen_timestamp_seconds').map(([[agent]]) => agent)).toEqual(
    Array.from({ length: 100 }, (_, at) => `agent-${at + 20}`),
  );
  expect(tally.numbers('leases_stale').map(([[namespace]]) => namespace)).toEqual(
    expect.arrayContaining(['default', 'n00', 'n48', '_other']),
  );
  expect(tally.numbers('leases_stale').length).toBe(51);
  expect(numbers(tally, 'tasks')['tasks _other queued'], 'one in each of the 11 that are left').toBe(11);
});

test('the state: the oldest claimable task, expired and stale leases', async () => {
  await using office = new Office();
  await office.add({ sessionId: 'held' });
  await office.add({ sessionId: 'held' });
  await office.claim({ sessionId: 'held', ttlMs: 10_000, staleAfterMs: 60_000 });
  const oldest = async () =>
    (await readMetrics(office.orchestrator, question)).tally.numbers('oldest_queued_seconds')[0]?.[1];
  const leases = async () => {
    const { tally } = await readMetrics(office.orchestrator, question);
    return [tally.sum('leases_expired'), tally.sum('leases_stale')];
  };

  expect(await oldest(), 'a task behind a held one cannot be claimed').toBe(0);
  await office.add({ sessionId: 'later', delayMs: 20_000 });
  expect(await oldest(), 'its time has not come').toBe(0);
  office.time.stop(19_000);
  expect(await leases()).toEqual([1, 0]);
  office.time.stop(11_000);
  expect(await oldest(), 'its time came 10 s ago').toBe(10);
  await office.add({ sessionId: 'urgent', priority: 0 });
  office.time.stop(30_000);
  expect(await oldest()).toBe(41);
  expect(await leases()).toEqual([1, 1]);
  const { task } = await office.orchestrator.oldestClaimable();
  vi.spyOn(office.orchestrator, 'oldestClaimable').mockResolvedValueOnce({ task, isCapped: true });
  expect(await oldest(), 'not all were looked at').toBeUndefined();
});

test('all namespaces count together, or one', async () => {
  await using office = new Office();
  await office.add({ sessionId: 'a' });
  await office.add({ sessionId: 'a', namespace: 'other' });

  const all = await readMetrics(office.orchestrator, question);
  const one = await readMetrics(office.orchestrator, { ...question, namespace: 'other' });

  expect([all.tally.sum('events_total'), one.tally.sum('events_total')]).toEqual([4, 2]);
  expect(numbers(one.tally, 'tasks')).toEqual({ 'tasks other queued': 1 });
});

test('a window with more events than are counted says so', async () => {
  await using office = new Office();
  for (let at = 0; at < 5; at += 1) await office.add({ sessionId: 'a' });

  const { tally, from } = await readMetrics(office.orchestrator, { ...question, eventsMax: 4 });

  expect([from.isCapped, from.eventId, tally.sum('events_total')]).toEqual([true, 2, 4]);
});

test('totals continue where an earlier call has stopped, and read no event twice', async () => {
  await using office = await busyOffice();
  const file = totalsFile('sqlite:/one.db');
  const { asOf } = await readTotals(office.orchestrator, question, file);
  await office.add({ sessionId: 'z', kind: 'mail' });
  await office.claim({ sessionId: 'z' });
  const read: number[] = [];
  const { orchestrator } = office;
  const listEvents = orchestrator.listEvents.bind(orchestrator);
  vi.spyOn(orchestrator, 'listEvents').mockImplementation(async (filter) => {
    const page = await listEvents(filter);
    read.push(...page.items.map(({ id }) => id));
    return page;
  });

  const continued = await readTotals(orchestrator, question, file);
  vi.restoreAllMocks();
  const whole = await readTotals(orchestrator, question);

  expect(read.toSorted((a, b) => a - b)[0], 'the last one that was counted is compared').toBe(asOf);
  expect(new Set(read).size).toBe(read.length);
  expect(JSON.parse(JSON.stringify(continued.tally))).toEqual(JSON.parse(JSON.stringify(whole.tally)));
  expect(numbers(continued.tally, 'leases_granted_total')).toMatchObject({ 'leases_granted_total mail': 3 });
});

test('totals that fit another log are not used, nor a file that cannot be read', async () => {
  await using office = await busyOffice();
  const file = totalsFile('sqlite:/one.db');
  await readTotals(office.orchestrator, question, file);
  await using other = new Office();
  for (let at = 0; at < 20; at += 1) await other.add({ sessionId: 'a' });

  const fresh = await readTotals(other.orchestrator, question, file);
  await using beginning = new Office();
  await beginning.add();
  const shorter = await readTotals(beginning.orchestrator, question, file);
  writeFileSync(file.path, '{"format":');
  const damaged = await readTotals(other.orchestrator, question, file);

  expect(numbers(fresh.tally, 'events_total')).toEqual({
    'events_total session.opened': 1,
    'events_total task.queued': 20,
  });
  expect(shorter.tally.sum('events_total')).toBe(2);
  expect(damaged.tally.sum('events_total')).toBe(21);
  expect(statSync(file.path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(file.path, '..')).length, 'nothing unfinished is left').toBe(1);
});

function totalsFile(url: string): TotalsFile {
  const folder = mkdtempSync(join(tmpdir(), 'totals-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return new TotalsFile(url, null, { OPENCLAW_STATE_DIR: join(folder, 'state') });
}
