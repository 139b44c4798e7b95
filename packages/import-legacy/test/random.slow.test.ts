/**
 * Promises about any old database, whatever its rows are:
 * - it is imported, and the database, verify() and the invariants find nothing
 * - nothing is lost: every row is imported, or the report says that it is left out
 * - read again for the same time, it has the same rows
 * - ids that may stay do, and no two rows get the same id
 * - the store works: stale sessions are recovered, waiting tasks are done, and `verify` still finds no problem
 */
import * as fc from 'fast-check';
import { fields, type Orchestrator } from '@agent-orchestrator/core';
import { JournaledCalls, type Journal, type JournalLine } from '@agent-orchestrator/storage-conformance';
import { expect, test } from 'vitest';
import { newSeed } from '../../storage-sqlite/test/new-seed.ts';
import { judge, WHOLE } from '../../storage-sqlite/test/whole.ts';
import { nameFrom } from '../src/names.ts';
import { openLegacyDatabase, type LegacyReport } from '../src/index.ts';
import { clockAt, contentsOf, imported, newCommandIdAt, withStore, type Imported } from './imported.ts';
import { ago, NOW, oldFile, type Cells, type Generation, type OldRowsByTable } from './old-files.ts';

/** Those that the files have, as they are called in a store. */
const NAMESPACES = ['default', 'web', nameFrom('a b')];
const RUNS = Number(process.env['ORCHESTRATOR_TEST_LEGACY_RUNS'] ?? 60);

test('whatever an old database has is imported whole, and works', { timeout: 600_000 }, async () => {
  const seed = Number(process.env['ORCHESTRATOR_TEST_SEED'] ?? Date.now() % 1_000_000);
  console.log(`seed ${seed} (repeat it with ORCHESTRATOR_TEST_SEED=${seed})`);

  await fc.assert(
    fc.asyncProperty(anOldFile, async ({ generations, rows }) => {
      const path = oldFile(generations, rows);

      const store = await imported(path);

      using again = await openLegacyDatabase(path, { at: NOW });
      expect([again.digest, again.report]).toEqual([store.digest, reportOf(store)]);
      expect(balanceOf(store, rows)).toEqual({ sessions: 0, tasks: 0, events: 0 });
      await assertIdsKept(store, rows);
      const journal = await withStore(store, workOff, clockAt(60));
      expect((await judge(store.path, [journal])).whole).toEqual(WHOLE);
    }),
    { seed, numRuns: RUNS },
  );
});

function reportOf({ path: _path, digest: _digest, ...report }: Imported): LegacyReport {
  return report;
}

/** What ids may be stays, whatever the other ids are. */
async function assertIdsKept(store: Imported, rows: OldRowsByTable): Promise<void> {
  const contents = await Promise.all(NAMESPACES.map((one) => contentsOf(store, one)));
  const idsOf = (column: string, table: string) =>
    (rows[table] ?? []).flatMap((row) => {
      const id = row[column];
      return typeof id === 'string' && fields.newId.safeParse(id).data === id ? [id] : [];
    });
  const sessions = contents.flatMap((one) => one.sessions.map(({ id }) => id));
  const tasks = contents.flatMap((one) => one.tasks.map(({ id }) => id));
  expect(sessions).toEqual(expect.arrayContaining(idsOf('session_id', 'session_state')));
  expect(tasks).toEqual(expect.arrayContaining(idsOf('task_id', 'task_queue')));
  expect([new Set(sessions).size, new Set(tasks).size]).toEqual([sessions.length, tasks.length]);
}

/** Rows that there were, less rows that were imported, plus rows that were made or left out. */
function balanceOf({ imported: counts, changes }: LegacyReport, rows: OldRowsByTable): object {
  const noted = (kind: string) => changes.find((change) => change.kind === kind)?.count ?? 0;
  const tasks = Object.values(counts.tasks).reduce((sum, count) => sum + count, 0);
  return {
    sessions: (rows['session_state']?.length ?? 0) + noted('session_made') - counts.sessions,
    tasks: (rows['task_queue']?.length ?? 0) + noted('task_made') - tasks,
    events: (rows['event_log']?.length ?? 0) - counts.events,
  };
}

/** Keeps a journal, so that the checker can hold what the worker was told against the log. */
async function workOff(orchestrator: Orchestrator): Promise<Journal> {
  const clock = clockAt(60);
  const now = () => clock.read().wall;
  const journal: JournalLine[] = [{ is: 'started', agent: 'worker', instance: 'worker.1', at: now() }];
  const calls = new JournaledCalls({ orchestrator, write: (line) => journal.push(line), now });
  const command = (namespace: string) => ({ namespace, commandId: newCommandIdAt(clock) });
  for (const namespace of NAMESPACES) {
    await calls.call('recover', command(namespace));
    for (;;) {
      const claimed = await calls.call('claim', { agent: 'worker', seed: newSeed(), ...command(namespace) });
      const claim = claimed.ok ? claimed.claims[0] : undefined;
      if (claim === undefined) break;
      const { token } = claim.lease;
      await calls.call('checkpoint', { token, nextAction: 'continue', ...command(namespace) });
      await calls.call('release', { items: [{ token, outcome: 'succeeded' }], ...command(namespace) });
    }
  }
  return journal;
}

/** Values that are as they should be come up most, and each that should not be now and then. */
const mostly = <T>(good: fc.Arbitrary<T>, ...odd: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 6, arbitrary: good }, { weight: 1, arbitrary: fc.constantFrom(...odd) });

const sessionId = mostly(
  fc.constantFrom('main', '회사-대화', 'agent:main:signal:group:aGk='),
  's 4',
  's4',
  '-',
  '',
  '\ufeff',
  'se\u0301ance',
  's\u00e9ance',
  '\u1112\u1161\u11ab',
  '\ud55c',
  'x'.repeat(150),
  '한'.repeat(140),
  's\u0000',
  's\u200b',
);
const agent = mostly(
  fc.constantFrom<string | null>('builder', '집재규', null),
  'Agent Smith',
  '',
  'a/b',
  '집재규'.normalize('NFD'),
);
const time = mostly(
  fc.integer({ min: 0, max: 100_000 }).map((seconds): string | null => ago(seconds)),
  ago(-500),
  'soon',
  '',
  '2026-02-27 10:00:00',
  '1969-01-01T00:00:00.000Z',
  '9999-12-31T23:59:59.999Z',
);
const timeOrNone = fc.oneof(time, fc.constant(null));
const later = fc.oneof(
  time,
  fc.integer({ min: 1, max: 200_000 }).map((seconds): string | null => ago(-seconds)),
  fc.constant(null),
);
const content = mostly(
  fc.json({ maxDepth: 3 }),
  '{"a":',
  '',
  String.raw`"\ud800"`,
  String.raw`{"\u0000":1}`,
  'a\u0000b',
  '[12345678901234567890]',
  '1e999',
  '-0',
);
const words = mostly(fc.constantFrom<string | null>('wrote the test', null), 'x'.repeat(5_000), 'a\u0000b', '');
const count = mostly<number | string>(fc.integer({ min: 0, max: 4 }), -1, 7, 1.5, 'many');
const taskIds = [
  'a',
  'b',
  'c',
  '%{작업} = 1;',
  't5',
  's6',
  't 7',
  'ta\u0302che',
  't\u00e2che',
  '',
  ' ',
  'y'.repeat(140),
];

const aSession = fc.record<Cells>({
  session_id: sessionId,
  namespace: mostly(fc.constantFrom('default', 'web'), 'a b'),
  status: mostly(fc.constantFrom('idle', 'running', 'waiting', 'stale'), 'odd'),
  owner_agent: agent,
  inflight_task_id: fc.option(fc.constantFrom(...taskIds)),
  last_turn: count,
  last_action: words,
  next_action: words,
  context_hash: words,
  memory_ref: words,
  heartbeat_at: timeOrNone,
  created_at: time,
  updated_at: time,
  lock_expires_at: later,
});

const aTask = (generation: number) =>
  fc.record<Cells>({
    task_id: fc.constantFrom(...taskIds),
    session_id: sessionId,
    task_type: mostly(fc.constantFrom('review', 'write'), 'code:review', '', 'z'.repeat(600)),
    priority: mostly(fc.integer({ min: 0, max: 9 }), -1, 5_000),
    payload: content,
    status: mostly(
      fc.constantFrom('pending', 'queued', 'claimed', 'running', 'running', 'done', 'failed', 'dead', 'cancelled'),
      'odd',
    ),
    owner_agent: agent,
    dedupe_key: fc.option(fc.constantFrom('k1', 't2', 'k 3', 'k\u00e9', 'ke\u0301', '')),
    created_at: time,
    started_at: timeOrNone,
    finished_at: timeOrNone,
    retry_count: count,
    error_code: fc.option(fc.constantFrom('E1', 'odd code')),
    error_msg: words,
    ...(generation >= 2 && { last_error: words, next_retry_at: later }),
    ...(generation >= 4 && { heartbeat_at: timeOrNone, max_retries: count }),
  });

const anEvent = fc.record<Cells>({
  session_id: sessionId,
  event_seq: fc.integer({ min: 1, max: 1_000 }),
  event_type: fc.constantFrom('task_enqueued', 'task_claimed', 'task_failed', 'session_stale'),
  actor_agent: agent.map((name) => name ?? ''),
  payload: content,
  created_at: time,
});

const aLock = fc.record<Cells>({
  lock_key: sessionId.map((id) => `session:${id}:lock`),
  owner_token: fc.constant('u'),
  owner_agent: agent,
  acquired_at: time,
  expires_at: later.map((at) => at ?? ''),
});

const aDeadLetter = fc.record<Cells>({
  task_id: fc.constantFrom(...taskIds, 'gone'),
  session_id: sessionId,
  reason: words.map((text) => text ?? ''),
  payload: content,
  created_at: time,
  status: fc.constantFrom('open', 'resolved'),
});

const files: readonly (readonly Generation[])[] = [[1], [2], [3], [4], [1, 3], [1, 4], [2, 4]];

const anOldFile = fc
  .constantFrom(...files)
  .chain((generations) => fc.record({ generations: fc.constant(generations), rows: rowsOf(generations) }));

function rowsOf(generations: readonly Generation[]): fc.Arbitrary<OldRowsByTable> {
  return fc.record({
    session_state: rows(aSession, 4, 'session_id'),
    task_queue: rows(aTask(generations[0] ?? 1), 8, 'task_id'),
    event_log: rows(anEvent, 12, 'session_id', 'event_seq'),
    distributed_lock: rows(aLock, 3, 'lock_key'),
    ...(generations.some((generation) => generation >= 3) && { dead_letters: rows(aDeadLetter, 4, 'task_id') }),
  });
}

function rows<Row extends Cells>(row: fc.Arbitrary<Row>, maxLength: number, ...keys: string[]): fc.Arbitrary<Row[]> {
  return fc.uniqueArray(row, { maxLength, selector: (one) => keys.map((key) => one[key]).join('\n') });
}
