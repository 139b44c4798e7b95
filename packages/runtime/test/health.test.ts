/*
 * The figures of the proof of concept:
 *  - each is made from the metrics of its window, and compared with its threshold: greater is too much, equal is not
 *  - without leases that ended, the share of interrupted ones is 0
 *
 * Health:
 *  - healthy; degraded where a figure is too great; unhealthy where agents cannot work: no store, a backup, no file
 *  - a URL that names no store, and an invalid namespace, are mistakes and no answer
 *
 * Thresholds:
 *  - a variable goes before the file, that before the default; each tells where it came from
 *  - the older of two names of a variable counts, too
 *  - a variable that is no number, an unknown name and a negative number are refused, naming them
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  backupStore,
  figuresOf,
  openOrchestrator,
  OrchestratorError,
  readHealth,
  resolveSettings,
  Tally,
  THRESHOLDS,
  thresholdValues,
  type Environment,
  type ThresholdName,
} from '../src/index.ts';

const defaults = Object.fromEntries(Object.entries(THRESHOLDS).map(([name, { value }]) => [name, value])) as Record<
  ThresholdName,
  number
>;

test('each figure is made from the metrics of its window, and compared with its threshold', () => {
  const tally = new Tally();
  for (const [kind, reason, count] of [
    ['a', 'failed', 21],
    ['b', 'succeeded', 60],
    ['a', 'released', 3],
    ['a', 'stale', 2],
    ['b', 'dead', 4],
    ['b', 'expired', 10],
  ] as const)
    tally.add('leases_ended_total', [kind, reason], count);
  tally.add('dead_letters_total', ['a', 'attempts']);
  tally.add('leases_expired', ['n'], 4);
  tally.add('leases_stale', ['n'], 0);
  tally.add('tasks', ['n', 'failed'], 2);
  tally.add('tasks', ['m', 'failed'], 1);
  tally.add('tasks', ['m', 'cancelled'], 9);
  tally.add('duplicate_suppressed', ['n'], 5);
  tally.add('lease_conflicts', ['n'], 200);
  tally.add('lease_conflicts', ['m'], 21);

  const figures = figuresOf(tally, defaults).map(({ name, value, threshold, exceeded }) => [
    name,
    value,
    threshold,
    exceeded,
  ]);

  expect(figures).toEqual([
    ['retry_attempts', 21, 20, true],
    ['retry_limit_reached', 1, 1, false],
    ['lock_expired', 4, 3, true],
    ['duplicate_suppressed', 5, 5, false],
    ['stale_recovery_failure_rate', 0.16, 0.15, true],
    ['dead_letters_open', 3, 2, true],
    ['lock_conflict_events', 221, 220, true],
    ['orphaned_locks', 0, 0, false],
  ]);
  expect(figuresOf(new Tally(), defaults).every(({ value, exceeded }) => value === 0 && !exceeded)).toBe(true);
});

test('healthy, degraded where a figure is too great, unhealthy where agents cannot work', async () => {
  const folder = newFolder();
  const url = `sqlite:${join(folder, 'store.db')}`;
  const question = { thresholds: defaults };
  const before = await readHealth(url, question);
  await using orchestrator = await openOrchestrator(url);
  await orchestrator.enqueueTask({ attemptsMax: 1 });
  const healthy = await readHealth(url, question);
  const claimed = await orchestrator.claimTask({ agent: 'a' });
  if (!claimed.ok) throw new Error(claimed.reason);
  await orchestrator.releaseTask({ token: claimed.lease.token, outcome: 'failed' });
  const strict = { thresholds: { ...defaults, dead_letters_open: 0 } };
  await backupStore({ store: url, file: join(folder, 'backup.db') });

  expect(before).toMatchObject({
    status: 'unhealthy',
    url,
    problem: { code: 'STORE_NOT_FOUND', hint: expect.any(String) },
    figures: [],
    asOf: null,
  });
  expect(healthy).toMatchObject({ status: 'healthy', url, problem: null, asOf: 2 });
  expect(await readHealth(url, question)).toMatchObject({ status: 'healthy' });
  expect((await readHealth(url, strict)).figures.filter(({ exceeded }) => exceeded)).toMatchObject([
    { name: 'dead_letters_open', value: 1, threshold: 0 },
  ]);
  expect(await readHealth(url, strict)).toMatchObject({ status: 'degraded', problem: null });
  expect(await readHealth(url, { ...strict, namespace: 'other' })).toMatchObject({ status: 'healthy' });
  expect(await readHealth(`sqlite:${join(folder, 'backup.db')}`, question)).toMatchObject({
    status: 'unhealthy',
    problem: { code: expect.stringMatching(/^STORE_/) },
  });
});

test('a URL that names no store, and an invalid namespace, are mistakes and no answer', async () => {
  const url = `sqlite:${join(newFolder(), 'store.db')}`;
  await (await openOrchestrator(url))[Symbol.asyncDispose]();

  await expect(readHealth('nowhere', { thresholds: defaults })).rejects.toMatchObject({ code: 'STORE_URL_INVALID' });
  await expect(readHealth(url, { thresholds: defaults, namespace: 'a b' })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  });
});

test('a variable goes before the file, that before the default; each tells where it came from', async () => {
  const { env, file, write } = configured();
  write({ thresholds: { retry_attempts: 50, dead_letters_open: 0 } });

  const { thresholds } = await resolveSettings({}, { ...env, METRICS_THRESHOLD_RETRY_ATTEMPTS: '7' });

  expect(thresholds).toMatchObject({
    retry_attempts: { value: 7, from: 'environment', origin: 'METRICS_THRESHOLD_RETRY_ATTEMPTS' },
    dead_letters_open: { value: 0, from: 'file', origin: file },
    orphaned_locks: { value: 0, from: 'default', origin: null },
  });
  expect(thresholdValues(thresholds)).toEqual({ ...defaults, retry_attempts: 7, dead_letters_open: 0 });
});

test('the older of two names of a variable counts, too', async () => {
  const { env } = configured();
  const older = { ...env, METRICS_THRESHOLD_STALE_FAILURE_RATE: '0.5' };
  const both = { ...older, METRICS_THRESHOLD_STALE_RECOVERY_FAILURE_RATE: '0.25' };
  const rate = async (variables: typeof older) =>
    (await resolveSettings({}, variables)).thresholds.stale_recovery_failure_rate.value;

  expect([await rate(older), await rate(both)]).toEqual([0.5, 0.25]);
});

test('a variable that is no number, an unknown name and a negative number are refused, naming them', async () => {
  const { env, file, write } = configured();
  for (const value of ['many', '-1', 'NaN', 'Infinity'])
    expect(await refusalOf({ ...env, METRICS_THRESHOLD_LOCK_EXPIRED: value })).toEqual([
      'CONFIG_INVALID',
      'The variable METRICS_THRESHOLD_LOCK_EXPIRED is not a number of 0 or more.',
    ]);
  write({ thresholds: { locks: 1 } });
  const names = Object.keys(THRESHOLDS).join(', ');
  expect(await refusalOf(env)).toEqual([
    'CONFIG_INVALID',
    `In the configuration file ${file}, thresholds.locks is not a setting. The settings are ${names}.`,
  ]);
  write({ thresholds: { lock_expired: -1 } });
  expect(await refusalOf(env)).toEqual([
    'CONFIG_INVALID',
    `In the configuration file ${file}, thresholds.lock_expired must not be negative.`,
  ]);
  write({ thresholds: { lock_expired: 'many' } });
  expect(await refusalOf(env)).toEqual([
    'CONFIG_INVALID',
    `In the configuration file ${file}, thresholds.lock_expired must be of type number.`,
  ]);
});

async function refusalOf(env: Environment): Promise<readonly unknown[]> {
  try {
    await resolveSettings({}, env);
  } catch (error) {
    return error instanceof OrchestratorError ? [error.code, error.message] : [error];
  }
  return ['was not refused'];
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'health-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function configured() {
  const home = newFolder();
  const file = join(home, '.openclaw', 'orchestrator.json');
  mkdirSync(join(home, '.openclaw'));
  return {
    env: { HOME: home },
    file,
    write: (values: object) => writeFileSync(file, JSON.stringify(values), { mode: 0o600 }),
  };
}
