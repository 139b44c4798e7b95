/**
 * How SQLite runs the statements:
 * - no hot statement walks over a table, and none sorts more than it needs
 * - none is prepared anew for each value
 * - the filtered lists and counts walk only over what they answer
 */
import type Database from 'better-sqlite3';
import { FIELDS } from '@agent-orchestrator/storage-sql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWriter } from '../src/connection.ts';
import { COUNTS } from '../src/read/counts.ts';
import {
  eventsQuery,
  leasesQuery,
  listSessionsQuery,
  listTasksQuery,
  questionsQuery,
  type ListQuery,
} from '../src/read/lists.ts';
import { CLAIM_PREVIEW, READS } from '../src/read/reader.ts';
import { HAS, SQL, updateSessionOf, updateTaskOf } from '../src/statements.ts';
import { aStore } from './factories.ts';

let db: Database.Database;

beforeAll(async () => {
  const { path, storage } = await aStore();
  await storage.close();
  db = openWriter(path);
});

afterAll(() => {
  db.close();
});

const plan = (sql: string, ...values: unknown[]): string[] =>
  db
    .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...(values.length > 0 ? values : Array.from({ length: sql.split('?').length - 1 }, () => 1)))
    .map(({ detail }) => detail);

/**
 * These walk, and may: after a clock jump, over what is held and what returns; over the namespaces; over what they
 * found already.
 */
const WALKS: Readonly<Record<string, RegExp>> = {
  heldAfter: /^SCAN s USING COVERING INDEX sessions_stale$/,
  delayedReturns: /^SCAN t USING INDEX tasks_returning$/,
  oldestReceipt: /^SCAN (n$|\(subquery)/,
  forgetReceipts: /^SCAN n$/,
  waiting: /^SCAN \(subquery/,
};
/** These sort what they found: what one agent holds, all that is held, all that returns, what waits in a session. */
const SORTS = new Set(['heldBy', 'heldAfter', 'delayedReturns', 'waiting']);

/** With all that may change. */
const UPDATES = {
  updateTask: updateTaskOf(FIELDS.taskChanges),
  updateSession: updateSessionOf(FIELDS.lease, 'looked_up'),
  updateSessionWithoutHead: updateSessionOf(FIELDS.lease, 'none'),
};

const hot = Object.entries<string>({ ...SQL, ...UPDATES }).filter(
  ([, sql]) => !sql.startsWith('PRAGMA') && !sql.startsWith('INSERT'),
);

/** A value that SQLite may plan by. */
const PLANNED_BY_VALUE = /(?:[=>]|LIMIT) [?:]|json_each\(\?/;

describe('hot statements', () => {
  test.each(Object.entries(HAS))('whether there are %s is told by the first row of an index', (_, sql) => {
    const [, ...steps] = plan(sql);

    expect(steps.map((step) => step.replace(/ USING COVERING INDEX \w+$/, ''))).toEqual([
      'SCALAR SUBQUERY 1',
      expect.stringMatching(/^SCAN (agents|dependencies|dependency_ends|tasks)$/),
    ]);
  });

  test.each(hot)('%s finds its rows by an index', (name, sql) => {
    const steps = plan(sql);

    expect(steps.filter((step) => step.startsWith('SCAN') && !WALKS[name]?.test(step))).toEqual([]);
    expect(steps.filter((step) => step.includes('TEMP B-TREE') && !SORTS.has(name))).toEqual([]);
  });

  test.each(hot.filter(([, sql]) => /ORDER BY|LIMIT/.test(sql)))('%s is not prepared anew for each value', (_, sql) => {
    expect(sql).not.toMatch(PLANNED_BY_VALUE);
  });

  test.each(['ready', 'readyOfKind'] as const)('%s reads the heads off an index that holds no others', (name) => {
    const [step] = plan(SQL[name]);

    expect(step).toMatch(
      name === 'ready'
        ? /USING COVERING INDEX sessions_ready \(namespace=\? AND next_for=\?\)/
        : /sessions_ready_of_kind \(namespace=\? AND next_for=\? AND next_kind=\?\)/,
    );
  });
});

/** One of each shape. */
const LISTS: Readonly<Record<string, ListQuery>> = {
  sessions: listSessionsQuery({ namespace: 'n', limit: 10 }),
  'held sessions': listSessionsQuery({ namespace: 'n', status: ['running'], agent: 'a', limit: 10, after: 'i' }),
  tasks: listTasksQuery({ namespace: 'n', status: ['queued', 'failed'], kind: 'k', limit: 10, after: 'i' }),
  'ended tasks': listTasksQuery({ namespace: 'n', status: ['failed'], limit: 10 }),
  'open questions': questionsQuery({ namespace: 'n', limit: 10, addressees: ['agent:a'], after: '7-i' }),
  'tasks of a session': listTasksQuery({ namespace: 'n', sessionId: 's', limit: 10 }),
  'the task of a dedupe key': listTasksQuery({ namespace: 'n', dedupeKey: 'k', limit: 10 }),
  events: eventsQuery({ namespace: 'n', types: ['task.claimed'], leaseEffect: 'granted', limit: 10, upTo: 10 }),
  'events of a session': eventsQuery({ namespace: 'n', sessionId: 's', limit: 10 }),
  'events of a task': eventsQuery({ namespace: 'n', taskId: 't', limit: 10, upTo: 10 }),
  leases: leasesQuery({ namespace: 'n', from: 1, after: '1', upTo: 10, limit: 10 }),
  'leases of a session': leasesQuery({ namespace: 'n', sessionId: 's', before: null, upTo: 10, limit: 10 }),
};

describe('reads', () => {
  test.each([
    ...Object.entries(CLAIM_PREVIEW),
    ...Object.entries(LISTS).map(([name, { sql }]) => [name, sql] as const),
  ])('%s is not prepared anew for each value', (_, sql) => {
    expect(sql).not.toMatch(PLANNED_BY_VALUE);
  });

  test('a list has one text, whatever it asks for', () => {
    const [one, other] = [
      listTasksQuery({ namespace: 'n', status: ['queued'], limit: 10 }),
      listTasksQuery({ namespace: 'm', status: ['scheduled', 'queued'], limit: 500, after: 'x' }),
    ];

    expect(one.sql).toBe(other.sql);
  });

  test.each(Object.entries({ ...READS, ...COUNTS }))('%s finds its rows by an index', (_, sql) => {
    const steps = db
      .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
      .all(
        ...(sql.includes(':')
          ? [{ namespace: 'n', id: 'i', max: 1 }]
          : Array.from({ length: sql.split('?').length - 1 }, () => 'n')),
      );

    expect(steps.map(({ detail }) => detail).filter((step) => /^SCAN (sessions|tasks|event_log)/.test(step))).toEqual(
      [],
    );
  });

  test.each(Object.entries(CLAIM_PREVIEW))('%s of the preview of a claim is read off its index, in order', (_, sql) => {
    const steps = plan(sql);

    expect(steps.filter((step) => /^SCAN|TEMP B-TREE/.test(step))).toEqual([]);
  });

  test('what is due next is one look at the index, however many are due before it', () => {
    expect(plan(CLAIM_PREVIEW.NEXT_SCHEDULED)[0]).toBe('SEARCH tasks USING INDEX tasks_due (namespace=? AND run_at>?)');
  });

  const filters = {
    'of a session': { sessionId: 's' },
    'of a task': { taskId: 't' },
    'of a task, up to an id': { taskId: 't', upTo: 7 },
    'of all, after a cursor': { types: ['task.claimed'], upTo: 7 },
  } as const;

  test.each(Object.entries(filters))('events %s, newest first, are found by the cursor', (_, filter) => {
    const { sql, values } = eventsQuery({ namespace: 'default', limit: 10, before: '5', ...filter });
    const steps = plan(sql, ...values);

    expect(steps.filter((step) => /SCAN event_log|TEMP B-TREE/.test(step))).toEqual([]);
  });

  test('leases are found by their fences, or along the stream of their session', () => {
    const [of, page] = ['default', { upTo: 9, limit: 10, from: 1 }];
    for (const [filter, first] of [
      [{}, /USING INDEX event_log_lease \(fence>\?/],
      [{ before: '9' }, /USING INDEX event_log_lease \(fence>\? AND fence<\?/],
      [{ sessionId: 's', before: null }, /USING INDEX event_log_seq \(namespace=\? AND session=\?\)/],
    ] as const) {
      const { sql, values } = leasesQuery({ namespace: of, ...page, ...filter });
      const steps = plan(sql, ...values);

      expect(steps.find((step) => /event_log/.test(step))).toMatch(first);
      expect(steps.filter((step) => / [er] /.test(step))).toEqual([
        'SEARCH e USING INDEX event_log_lease (fence=? AND lease_effect=? AND rowid<?) LEFT-JOIN',
        'SEARCH r USING INDEX event_log_lease (fence=? AND lease_effect=? AND rowid<?) LEFT-JOIN',
      ]);
    }
  });

  test('open questions are read off an index that holds no other tasks, in order', () => {
    for (const further of [{}, { after: '7-i' }, { addressees: ['agent:a'] }]) {
      const { sql, values } = questionsQuery({ namespace: 'default', limit: 10, ...further });
      const steps = plan(sql, ...values);

      expect(steps[0]).toMatch(/USING INDEX tasks_waiting \(namespace=\?/);
      expect(steps.filter((step) => /SCAN (tasks|event_log)|TEMP B-TREE/.test(step))).toEqual([]);
    }
  });

  test('lists that go backwards are read off the index', () => {
    const lists = [
      listSessionsQuery({ namespace: 'default', limit: 10, before: null }),
      listTasksQuery({ namespace: 'default', limit: 10, before: 'i' }),
      listTasksQuery({ namespace: 'default', sessionId: 's', limit: 10, before: null }),
    ];
    const steps = lists.flatMap(({ sql, values }) => plan(sql, ...values));

    expect(steps.filter((step) => /SCAN (?!CONSTANT)|TEMP B-TREE/.test(step))).toEqual([]);
  });

  test.each(Object.entries(filters))('events %s are found by the cursor', (_, filter) => {
    const { sql, values } = eventsQuery({ namespace: 'default', limit: 10, after: '5', ...filter });
    const steps = plan(sql, ...values);

    expect(steps.filter((step) => /SCAN event_log|TEMP B-TREE/.test(step))).toEqual([]);
  });
});
