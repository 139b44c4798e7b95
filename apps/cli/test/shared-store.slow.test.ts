/*
 * Commands on a shared store:
 *  - recover, where another process has locked what is stale, recovers the others, ends, and says in every format that
 *    sessions are left; once they are not locked any more it recovers them, and says that nothing is left
 *  - claim --wait behind a pooler says so once, as a line of this program and not in the form of Node; under
 *    NODE_NO_WARNINGS=1 it does not say it
 */
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { expect, test } from 'vitest';
import { createDatabase, withAdmin } from '../../../packages/storage-postgres/test/harness/databases.ts';
import { Proxy } from '../../../packages/storage-postgres/test/harness/proxy.ts';
import { serverOfFile } from '../../../packages/storage-postgres/test/harness/server-of-file.ts';
import { Cli } from './support/cli.ts';

const server = serverOfFile();

test('recover says in text and in JSON that sessions are left, which another process has locked', async () => {
  using cli = new Cli();
  const database = await createDatabase(server.url);
  await withStale(database, ['free', 'locked']);
  const env = { ORCHESTRATOR_STORE: database.url };

  await withAdmin(database.adminUrl, async (rival) => {
    await rival.unsafe(`BEGIN; SELECT 1 FROM orchestrator.sessions WHERE id = 'locked' FOR NO KEY UPDATE`);
    const first = await cli.json(['recover'], { env });
    const [json, text] = await Promise.all([cli.json(['recover'], { env }), cli.run(['recover'], { env })]);
    await rival.unsafe('COMMIT');

    expect(first).toMatchObject({ data: [{ session_id: 'free' }], meta: { more: true } });
    expect(json).toMatchObject({ data: [], meta: { more: true } });
    expect([text.exit, text.stdout]).toEqual([0, 'nothing was recovered\n']);
    expect(text.stderr).toContain('sessions are left that another process has locked: run the command again');
  });
  const rest = await cli.json(['recover'], { env });

  expect(rest).toMatchObject({ data: [{ session_id: 'locked' }], meta: { more: false } });
  await database.drop();
}, 60_000);

test('behind a pooler claim --wait says so in a line of its own', async () => {
  using cli = new Cli();
  const database = await createDatabase(server.url);
  await using orchestrator = await openOrchestrator(database.url);
  const proxy = await Proxy.before(database.url);
  proxy.isPooler = true;
  const env = { ORCHESTRATOR_STORE: proxy.through(database.url) };

  const claim = ['claim', '--agent', 'a', '--wait', '2s'];
  const [text, json, none] = await Promise.all([
    cli.run(claim, { env }),
    cli.run([...claim, '--json'], { env }),
    cli.run(claim, { env: { ...env, NODE_NO_WARNINGS: '1' } }),
  ]);

  expect([text.exit, json.exit, none.exit]).toEqual([75, 75, 75]);
  expect(text.stderr.split('\n')).toEqual([
    expect.stringMatching(/^orchestrator: warning: A pooler stands between .* \[STORE_POOLED\]$/),
    expect.stringMatching(/^orchestrator: error: .* \[NO_TASK\]$/),
    expect.stringMatching(/^orchestrator: Wait with /),
    '',
  ]);
  expect(json.stderr).toMatch(/^orchestrator: warning: A pooler [^\n]* \[STORE_POOLED\]\n$/);
  expect(none.stderr).toMatch(/^orchestrator: error: .* \[NO_TASK\]\n/);
  await orchestrator[Symbol.asyncDispose]();
  await proxy.close();
  await database.drop();
}, 60_000);

async function withStale({ url, adminUrl }: { url: string; adminUrl: string }, ids: readonly string[]): Promise<void> {
  await using orchestrator = await openOrchestrator(url);
  for (const id of ids) {
    await orchestrator.enqueueTask({ id });
    await orchestrator.claimTask({ agent: 'a', sessionId: id, ttlMs: 1_000, staleAfterMs: 1_000 });
  }
  await withAdmin(adminUrl, async (sql) =>
    sql.unsafe(`UPDATE orchestrator.sessions SET
      stale_at = stale_at - 60000, lease_expires_at = lease_expires_at - 60000, heartbeat_at = heartbeat_at - 60000`),
  );
}
