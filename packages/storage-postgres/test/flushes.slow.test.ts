/*
 * What goes over the wire, counted by a proxy:
 *  - a unit of work takes two round trips, alone and as a batch: lock and load, save and commit
 *  - each takes so many statements
 *  - the first use of a connection takes a round trip more for each statement, which is prepared then
 *  - a refused statement in the middle leaves the connection as it was, and the error has a code
 *  - opening a store for one command tells what is settled without another question; opened for more, it asks
 */
import type { Orchestrator, Storage } from '@agent-orchestrator/core';
import { expect, onTestFinished, test } from 'vitest';
import { withAdmin } from './harness/databases.ts';
import { Wire, type Traffic } from './harness/wire.ts';
import { newDatabase, openStorage, orchestratorOn } from './open-database.ts';

const BATCH = 100;
/** All settings are made by the second of them. */
const BEGIN = ['BEGIN', 'SELECT 1'];

interface OnWire {
  readonly wire: Wire;
  readonly storage: Storage;
  readonly orchestrator: Orchestrator;
}

/** A storage on a wire, on which all that this file sends was prepared. */
async function onWire(): Promise<OnWire & { readonly adminUrl: string }> {
  const { url, adminUrl } = await newDatabase();
  const wire = await Wire.before(url);
  onTestFinished(() => wire.close());
  const storage = await openStorage(wire.through(url));
  const orchestrator = orchestratorOn(storage);
  await orchestrator.enqueueTasks(Array.from({ length: 2 * BATCH + 3 }, () => ({})));
  await day(orchestrator);
  await batch(orchestrator);
  await hintsAreOut();
  wire.count();
  return { wire, storage, orchestrator, adminUrl };
}

/** Commits are told to other processes in a message of its own, at most a few times a second. */
function hintsAreOut(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 250));
}

async function claim(orchestrator: Orchestrator): Promise<string> {
  const claimed = await orchestrator.claimTask({ agent: 'company-agent' });
  if (!claimed.ok) throw new Error('nothing was claimed');
  return claimed.lease.token;
}

async function day(orchestrator: Orchestrator, after = async (_what: string): Promise<void> => {}): Promise<void> {
  const token = await claim(orchestrator);
  await after('claim');
  await orchestrator.heartbeat({ token });
  await after('heartbeat');
  await orchestrator.checkpoint({ token, nextAction: 'report' });
  await after('checkpoint');
  await orchestrator.releaseTask({ token, outcome: 'succeeded' });
  await after('release');
}

async function batch(orchestrator: Orchestrator, after = async (_what: string): Promise<void> => {}): Promise<void> {
  const claimed = await orchestrator.claimTasks({ agent: 'company-agent', limit: BATCH });
  if (!claimed.ok) throw new Error('nothing was claimed');
  await after('claim of a hundred');
  const calls = claimed.claims.map(({ lease: { token } }) => ({ token, outcome: 'succeeded' as const }));
  await orchestrator.releaseTasks(calls);
  await after('release of a hundred');
}

/** What tells others of a commit is no part of it: a message by itself, whose answer no command awaits. */
const HINT = { flushes: 1, statements: ['SELECT 1', 'SELECT 1'] };

/** Without the hint, if there was one. */
function ofCommand({ flushes, statements }: Traffic, isTold: boolean): Omit<Traffic, 'connections'> {
  if (!isTold) return { flushes, statements };
  expect(statements.slice(-HINT.statements.length)).toEqual(HINT.statements);
  return { flushes: flushes - HINT.flushes, statements: statements.slice(0, -HINT.statements.length) };
}

test('each unit of work takes two round trips and few statements, alone and as a batch', async () => {
  const { wire, orchestrator } = await onWire();
  const counted: Record<string, Omit<Traffic, 'connections'>> = {};
  const after = async (what: string) => {
    await hintsAreOut();
    counted[what] = ofCommand(wire.count(), !what.startsWith('claim'));
  };
  await day(orchestrator, after);
  await batch(orchestrator, after);

  expect(counted).toEqual({
    // The two entries of the registry that a claim shares the locks of: its own, and that of all other names.
    claim: { flushes: 2, statements: [...BEGIN, 'SELECT 2', 'SELECT 1', 'SELECT 1', 'INSERT 0 1', 'COMMIT'] },
    heartbeat: { flushes: 2, statements: [...BEGIN, 'SELECT 1', 'SELECT 1', 'SELECT 1', 'UPDATE 1', 'COMMIT'] },
    checkpoint: { flushes: 2, statements: [...BEGIN, 'SELECT 1', 'SELECT 1', 'SELECT 1', 'INSERT 0 1', 'COMMIT'] },
    release: { flushes: 2, statements: [...BEGIN, 'SELECT 1', 'SELECT 1', 'SELECT 1', 'INSERT 0 1', 'COMMIT'] },
    'claim of a hundred': {
      flushes: 2,
      statements: [...BEGIN, 'SELECT 2', 'SELECT 1', `SELECT ${BATCH}`, 'INSERT 0 1', 'COMMIT'],
    },
    'release of a hundred': {
      flushes: 2,
      statements: [...BEGIN, 'SELECT 1', `SELECT ${BATCH}`, `SELECT ${BATCH}`, 'INSERT 0 1', 'COMMIT'],
    },
  });
});

test('a refused statement leaves the connection as it was, and the error has a code', async () => {
  const { wire, orchestrator, adminUrl } = await onWire();
  await withAdmin(adminUrl, async (sql) => {
    await sql.unsafe('REVOKE SELECT ON orchestrator.sessions FROM orchestrator_app');
    await expect(claim(orchestrator)).rejects.toMatchObject({ code: 'STORE_PERMISSION' });
    await sql.unsafe('GRANT SELECT ON orchestrator.sessions TO orchestrator_app');
  });
  const { connections: whileRefused } = wire.count();
  await claim(orchestrator);
  await hintsAreOut();

  // The refused call ran again by itself, on a connection that was there.
  expect(whileRefused).toBe(0);
  expect(wire.count()).toMatchObject({ connections: 0, flushes: 2 });
});

test.each([
  [true, 0],
  [false, 1],
])('opened for one command (%s), what is settled takes so many round trips: %i', async (forOneCommand, flushes) => {
  const { url } = await newDatabase();
  const other = orchestratorOn(await openStorage(url));
  await other.enqueueTask({});
  const wire = await Wire.before(url);
  onTestFinished(() => wire.close());
  const storage = await openStorage(wire.through(url), { forOneCommand });
  wire.count();

  const settled = await storage.read.settledEventId();
  const first = wire.count();
  await other.enqueueTask({});
  const again = await storage.read.settledEventId();

  expect([settled, again]).toEqual([2, 4]);
  expect(first).toMatchObject({ connections: 0, flushes });
  expect(wire.count()).toMatchObject({ flushes: 1, statements: ['SELECT 1', 'SELECT 1'] });
});
