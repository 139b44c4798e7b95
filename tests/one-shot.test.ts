// A command of the shell on a server: one connection, and few statements, all told
import { expect, inject, onTestFinished, test } from 'vitest';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { createDatabase } from '../packages/storage-postgres/test/harness/databases.ts';
import { Wire } from '../packages/storage-postgres/test/harness/wire.ts';
import { run } from './support/program.ts';

/** For the handshake, the schema and the store state, what is settled, and the claim itself. */
const STATEMENTS = [
  'SELECT 1',
  'SELECT 1',
  'SELECT 2',
  'BEGIN',
  'SELECT 1',
  // The entries of the registry for the claimant, and for all other names.
  'SELECT 2',
  'SELECT 1',
  'SELECT 1',
  'INSERT 0 1',
  'COMMIT',
];

test('a claim takes one connection and ten statements', async () => {
  const database = await createDatabase(inject('postgresUrl'), { migrated: false });
  onTestFinished(() => database.drop());
  {
    await using orchestrator = await openOrchestrator(database.adminUrl);
    await orchestrator.enqueueTask({ id: 'report' });
  }
  const wire = await Wire.before(database.adminUrl);
  onTestFinished(() => wire.close());

  const claimed = await run([
    'claim',
    '--agent',
    'company-agent',
    '--store',
    wire.through(database.adminUrl),
    '--json',
  ]);

  expect(claimed).toMatchObject({ exit: 0, stderr: '' });
  expect(JSON.parse(claimed.stdout)).toMatchObject({ data: { task: { id: 'report' } }, meta: { as_of: 2 } });
  const { connections, flushes, statements } = wire.count();
  expect(connections).toBe(1);
  expect(statements).toEqual(STATEMENTS);
  // The look at the store; the claim's statements, each of which is prepared and then run; the commit.
  expect(flushes).toBeLessThanOrEqual(6);
});
