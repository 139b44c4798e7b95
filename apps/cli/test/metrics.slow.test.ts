/*
 * Metrics and health on the command line:
 *  - `metrics` tells figures, counts and times of a window; `--json` has the same names as Prometheus
 *  - what is refused without an event is counted across processes
 *  - `--prometheus` prints the totals of the whole log, which promtool accepts, and continues them from call to call
 *  - `--prometheus` takes neither --since nor --json
 *  - `health` exits with 0, 1 or 69, and is one document in every case
 *  - thresholds come from the configuration or from variables, and `config list` shows them
 *  - a store that is missing is an answer of `health`, a malformed URL is a mistake
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backupStore, openOrchestrator } from '@agent-orchestrator/runtime';
import { test } from 'vitest';
import { complaintsOfPromtool, hasPromtool } from '../../../packages/runtime/test/support/promtool.ts';
import { Cli, inventedToken } from './support/cli.ts';

interface Told {
  readonly figures: { name: string; value: number; exceeded: boolean }[];
  readonly metrics: { name: string; type: string; samples: { labels: object; value?: number; count?: number }[] }[];
}

/** One task done, and one failed for good. */
async function work(cli: Cli): Promise<void> {
  await using orchestrator = await openOrchestrator(cli.store);
  await orchestrator.enqueueTask({ sessionId: 's', kind: 'mail', dedupeKey: 'once' });
  await orchestrator.enqueueTask({ sessionId: 't', attemptsMax: 1 });
  for (const outcome of ['succeeded', 'failed'] as const) {
    const claimed = await orchestrator.claimTask({ agent: 'a' });
    if (!claimed.ok) throw new Error(claimed.reason);
    await orchestrator.releaseTask({ token: claimed.lease.token, outcome });
  }
}

/** A duplicate, and a call without a lease. */
async function refuse(cli: Cli): Promise<void> {
  await cli.run(['task', 'create', 'Count', '--dedupe-key', 'once']);
  await cli.run(['heartbeat', '--token', inventedToken()]);
}

test.concurrent('metrics tells figures, counts and times of a window, also what was refused', async ({ expect }) => {
  using cli = new Cli();
  await work(cli);
  await refuse(cli);

  const { stdout, exit } = await cli.run(['metrics', '--since', '5m']);
  const { kind, data, meta } = await cli.json(['metrics']);
  const quiet = await cli.run(['metrics', '--quiet']);

  const { figures, metrics } = data as unknown as Told;
  expect(exit).toBe(0);
  expect(stdout).toMatch(/^METRICS since \S+ \S+ [+-]\d\d:\d\d \(5m ago\), event #0\n/);
  expect(stdout).toMatch(/✓ ok +retry_attempts +1 +20 +attempts that failed\n/);
  expect(stdout).toMatch(/GRANTED {3}mail 1 {3}task 1\nENDED {5}succeeded 1 {3}failed 1\n/);
  expect(stdout).toMatch(/lease_seconds +mail +1 +≤ \d+s +≤ \d+s\n/);
  expect([kind, data, typeof meta['as_of']]).toEqual([
    'metrics',
    expect.objectContaining({ namespace: null }),
    'number',
  ]);
  expect(figures.map(({ name, value }) => `${name} ${value}`)).toEqual(quiet.stdout.trim().split('\n'));
  expect(Object.fromEntries(figures.map(({ name, value }) => [name, value]))).toEqual({
    retry_attempts: 1,
    retry_limit_reached: 1,
    lock_expired: 0,
    duplicate_suppressed: 1,
    stale_recovery_failure_rate: 0,
    dead_letters_open: 1,
    lock_conflict_events: 1,
    orphaned_locks: 0,
  });
  expect(metrics.find(({ name }) => name === 'orchestrator_leases_ended_total')).toMatchObject({
    type: 'counter',
    samples: [
      { labels: { kind: 'mail', reason: 'succeeded' }, value: 1 },
      { labels: { kind: 'task', reason: 'failed' }, value: 1 },
    ],
  });
  expect(metrics.find(({ name }) => name === 'orchestrator_lease_seconds')?.samples).toMatchObject([
    { labels: { kind: 'mail' }, count: 1 },
    { labels: { kind: 'task' }, count: 1 },
  ]);
});

test.concurrent('--prometheus prints the totals of the whole log, and continues them', async ({ expect }) => {
  using cli = new Cli();
  await work(cli);
  await refuse(cli);

  const first = await cli.run(['metrics', '--prometheus']);
  await addInOther(cli);
  const second = await cli.run(['metrics', '--prometheus']);
  const one = await cli.run(['metrics', '--prometheus', '--namespace', 'other']);
  const moved = await cli.run(['metrics', '--prometheus'], { env: { OPENCLAW_STATE_DIR: join(cli.folder, 'new') } });

  expect([first, second, one, moved].map(queued)).toEqual(['2', '3', '1', '3']);
  expect(first.stdout).toMatch(/^orchestrator_build_info\{version="[^"]+",storage="sqlite"\} 1$/m);
  expect(first.stdout).toMatch(/^orchestrator_duplicate_suppressed\{namespace="default"\} 1$/m);
  expect(second.stdout).toMatch(/^orchestrator_tasks\{namespace="other",status="queued"\} 1$/m);
  expect([first.exit, first.stderr]).toEqual([0, '']);
  if (hasPromtool) expect(complaintsOfPromtool(second.stdout)).toBe('');
});

async function addInOther(cli: Cli): Promise<void> {
  await using orchestrator = await openOrchestrator(cli.store, { namespace: 'other' });
  await orchestrator.enqueueTask({});
}

function queued({ stdout }: { readonly stdout: string }): string | undefined {
  return /^orchestrator_events_total\{type="task.queued"\} (.*)$/m.exec(stdout)?.[1];
}

test.concurrent('--prometheus takes neither --since nor --json', async ({ expect }) => {
  using cli = new Cli();
  await work(cli);

  const since = await cli.run(['metrics', '--prometheus', '--since', '5m']);
  const json = await cli.json(['metrics', '--prometheus']);
  const word = await cli.run(['metrics', '--since', 'yesterday']);

  expect([since.exit, json.exit, word.exit]).toEqual([64, 64, 64]);
  expect(json.error).toMatchObject({ code: 'USAGE', field: 'json' });
});

test.concurrent('health exits with 0, 1 or 69, and is one document in every case', async ({ expect }) => {
  using cli = new Cli();
  const missing = await cli.json(['health']);
  await work(cli);
  const healthy = await cli.json(['health']);
  const env = { METRICS_THRESHOLD_DEAD_LETTERS_OPEN: '0' };
  const degraded = await cli.json(['health'], { env });
  const text = await cli.run(['health'], { env });
  const quiet = await cli.run(['health', '--quiet'], { env });
  await backupStore({ store: cli.store, file: join(cli.folder, 'backup.db') });
  const backup = await cli.json(['health', '--store', `sqlite:${cli.folder}/backup.db`]);
  const mistake = await cli.json(['health', '--store', 'nowhere']);

  const told = [missing, healthy, degraded, backup].map(({ exit, kind, data }) => [exit, kind, data['status']]);
  expect(told).toEqual([
    [69, 'health', 'unhealthy'],
    [0, 'health', 'healthy'],
    [1, 'health', 'degraded'],
    [69, 'health', 'unhealthy'],
  ]);
  expect(missing.data['problem']).toMatchObject({ code: 'STORE_NOT_FOUND', hint: expect.any(String) });
  expect([text.exit, quiet.exit, quiet.stdout]).toEqual([1, 1, 'degraded\n']);
  expect(text.stdout).toMatch(/^! degraded {2}sqlite:/);
  expect(text.stdout).toMatch(/! warning {2}dead_letters_open +1 +0 /);
  expect(text.stderr).toBe('orchestrator: next: orchestrator status, orchestrator doctor\n');
  expect([mistake.exit, mistake.error.code]).toEqual([64, 'STORE_URL_INVALID']);
});

test.concurrent('thresholds come from the configuration or from variables, and `config list` shows them', async ({
  expect,
}) => {
  using cli = new Cli();
  await work(cli);
  mkdirSync(join(cli.folder, '.openclaw'), { recursive: true });
  const file = join(cli.folder, '.openclaw', 'orchestrator.json');
  writeFileSync(file, JSON.stringify({ thresholds: { dead_letters_open: 0, retry_attempts: 50 } }), { mode: 0o600 });

  const health = await cli.run(['health', '--quiet']);
  const env = { METRICS_THRESHOLD_DEAD_LETTERS_OPEN: '5' };
  const raised = await cli.run(['health', '--quiet'], { env });
  const { data } = await cli.json(['config', 'list'], { env });
  const refused = await cli.json(['health'], { env: { METRICS_THRESHOLD_LOCK_EXPIRED: 'many' } });

  expect([health.stdout, raised.stdout]).toEqual(['degraded\n', 'healthy\n']);
  expect(data).toEqual(
    expect.arrayContaining([
      { name: 'thresholds.retry_attempts', value: '50', from: 'file', origin: file },
      {
        name: 'thresholds.dead_letters_open',
        value: '5',
        from: 'environment',
        origin: 'METRICS_THRESHOLD_DEAD_LETTERS_OPEN',
      },
      { name: 'thresholds.orphaned_locks', value: '0', from: 'default', origin: null },
    ]),
  );
  expect([refused.exit, refused.error.code]).toEqual([78, 'CONFIG_INVALID']);
});
