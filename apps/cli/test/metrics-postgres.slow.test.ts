/*
 * Metrics and health of a store on a server:
 *  - `metrics` and `health` work with the login of an agent, and count what was refused on this machine
 *  - `--prometheus` continues its totals
 *  - a server that cannot be reached makes the health unhealthy, and no password is shown
 */
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { expect, test } from 'vitest';
import { createDatabase } from '../../../packages/storage-postgres/test/harness/databases.ts';
import { serverOfFile } from '../../../packages/storage-postgres/test/harness/server-of-file.ts';
import { Cli } from './support/cli.ts';

const server = serverOfFile();

test('metrics and health of a store on a server', async () => {
  using cli = new Cli();
  const database = await createDatabase(server.url);
  const env = { ORCHESTRATOR_STORE: database.url };
  {
    await using orchestrator = await openOrchestrator(database.url);
    await orchestrator.enqueueTasks([{ kind: 'mail', sessionId: 's', dedupeKey: 'once' }, { kind: 'mail' }]);
    const claimed = await orchestrator.claimTask({ agent: 'a', sessionId: 's' });
    if (!claimed.ok) throw new Error(claimed.reason);
    await orchestrator.releaseTask({ token: claimed.lease.token, outcome: 'succeeded' });
  }
  await cli.run(['task', 'create', 'again', '--dedupe-key', 'once'], { env });

  const { data } = await cli.json(['metrics'], { env });
  const health = await cli.json(['health'], { env });
  const first = await cli.run(['metrics', '--prometheus'], { env });
  const second = await cli.run(['metrics', '--prometheus'], { env });
  await database.drop();
  const gone = await cli.json(['health'], { env: { ORCHESTRATOR_STORE: 'postgres://me:secret@127.0.0.1:1/x' } });

  expect(data['figures']).toEqual(
    expect.arrayContaining([
      { name: 'duplicate_suppressed', value: 1, threshold: 5, exceeded: false },
      { name: 'stale_recovery_failure_rate', value: 0, threshold: 0.15, exceeded: false },
    ]),
  );
  expect([health.exit, health.data['status']]).toEqual([0, 'healthy']);
  expect(first.stdout).toMatch(/^orchestrator_leases_ended_total\{kind="mail",reason="succeeded"\} 1$/m);
  expect(first.stdout).toMatch(/^orchestrator_build_info\{version="[^"]+",storage="postgres"\} 1$/m);
  expect(counters(second.stdout)).toEqual(counters(first.stdout));
  expect([gone.exit, gone.data['status']]).toEqual([69, 'unhealthy']);
  expect(JSON.stringify(gone)).not.toContain('secret');
}, 90_000);

function counters(text: string): string[] {
  return text.split('\n').filter((line) => /_total\{|_bucket\{/.test(line));
}
