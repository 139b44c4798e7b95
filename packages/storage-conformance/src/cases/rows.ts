import {
  charactersOf,
  COLUMNS,
  keyOfRow,
  LIMITS,
  NO_CLOCK,
  PAGE_CHARACTERS,
  TABLE_NAMES,
  type Row,
  type RowKey,
  type RowReader,
  type TableName,
} from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, holderOf, TTL_MS } from '../factories.ts';
import { receiptOf } from '../port.ts';
import { allRows, rowsOf } from '../rows/copy.ts';
import { withoutSettling } from '../without-settling.ts';
import { stateOf } from '../rows/states.ts';
import { thrownBy } from '../thrown.ts';
import type { World } from '../world.ts';

export const rows = chapter(
  'rows of a store',
  {
    'every row comes once, by key: texts byte by byte, numbers by size, in pages of any size': byKey,
    'rows come after the key that is given, whether a row has it or not': afterAnyKey,
    'a row names its columns as the port does, and holds what the reader shows': columns,
    'a cell is text, a whole number or nothing': cells,
    'each table tells how many rows it has, and its greatest key; an empty one has none': countsAndKeys,
    'a snapshot of the rows sees one state, whatever happens meanwhile': snapshot,
    'opened for reading only, they are read, and whatever would write is refused': readOnly,
    'the greatest event id, the time and what is remembered of the clocks are told': told,
    'no row holds a token or a seed': noSecrets,
    'a page holds no more than so many characters, and each row comes all the same': pageCharacters,
  },
  { needs: 'rows', timeoutMs: 60_000 },
);

/**
 * Of which the last two are the other way round in JavaScript's own order, and the capital ones in that of a language.
 */
const IDS = ['A', 'Z', 'a', 'b', 'á', 'あ', '한', 'ｱ', '𠮷'];

/** Given: sessions, tasks, agents, events and receipts in two namespaces, under ids of many scripts. */
async function fill(world: World): Promise<void> {
  for (const namespace of ['default', '𠮷', 'ｱ'])
    for (const id of IDS.toReversed()) {
      await world.orchestrator.enqueueTask({ id, sessionId: `in ${id}`, namespace });
      await world.orchestrator.registerAgent({ agent: id, roles: [id, 'reviewer'], namespace });
    }
  await fillDependencies(world, '𠮷');
  const claim = await world.claim({ sessionId: 'in a' });
  await world.orchestrator.checkpoint({ ...holderOf(claim), data: { text: '한국어 🦀 \n "' } });
  await world.release(await world.claim({ sessionId: 'in b' }), { outcome: 'failed', final: true });
}

/** Given: tasks that depend on others, and others that have ended since, of which no task was told. */
async function fillDependencies(world: World, namespace: string): Promise<void> {
  const crashing = world.orchestratorOn(withoutSettling(world.storage));
  for (const id of IDS)
    await crashing.enqueueTask({
      id: `w${id}`,
      sessionId: `in ${id}`,
      namespace,
      dependsOn: [id, 'A'],
      onDependencyFailure: 'run',
    });
  for (const id of IDS) await crashing.cancelTask({ taskId: id, namespace });
}

/** Byte by byte, as databases compare UTF-8. */
function compareKeys(a: RowKey, b: RowKey): number {
  for (const [at, one] of (a ?? []).entries()) {
    const other = b?.[at] ?? '';
    const order =
      typeof one === 'number' ? one - Number(other) : Buffer.compare(Buffer.from(one), Buffer.from(String(other)));
    if (order !== 0) return order;
  }
  return 0;
}

async function byKey(world: World): Promise<void> {
  await fill(world);
  const store = await world.rows();

  for (const table of TABLE_NAMES) {
    const count = await store.count(table);
    for (const limit of [1, 4, LIMITS.page_max]) {
      const keys = (await rowsOf(store, table, limit)).map((row) => keyOfRow(table, row));
      expect(keys, `${table} in pages of ${limit}`).toHaveLength(count);
      expect(keys).toEqual(keys.toSorted(compareKeys));
      expect(new Set(keys.map((key) => JSON.stringify(key))).size).toBe(count);
    }
    expect(count).toBeGreaterThan(IDS.length);
  }
}

async function afterAnyKey(world: World): Promise<void> {
  await fill(world);
  const store = await world.rows();
  const idsAfter = async (...key: readonly (string | number)[]) =>
    (await store.rows('tasks', key, 3)).map(({ namespace, id }) => [namespace, id]);
  const [first, ...others] = await rowsOf(store, 'event_log');

  expect(await idsAfter('default', 'Z')).toEqual([
    ['default', 'a'],
    ['default', 'b'],
    ['default', 'á'],
  ]);
  expect(await idsAfter('default', 'Y')).toEqual([
    ['default', 'Z'],
    ['default', 'a'],
    ['default', 'b'],
  ]);
  expect(await idsAfter('default', '𠮷')).toEqual([
    ['ｱ', 'A'],
    ['ｱ', 'Z'],
    ['ｱ', 'a'],
  ]);
  expect(await store.rows('event_log', [Number(first?.['id'])], LIMITS.page_max)).toEqual(others);
  expect(await idsAfter('𠮷', '𠮷')).toEqual([]);
}

async function pageCharacters(world: World): Promise<void> {
  const payload = 'p'.repeat(LIMITS.payload_bytes_max - 2);
  const count = Math.ceil(PAGE_CHARACTERS / payload.length) + 6;
  for (let added = 0; added < count; added += 8)
    await world.orchestrator.enqueueTasks(Array.from({ length: 8 }, () => ({ payload })));
  const store = await world.rows();

  for (const table of ['tasks', 'event_log'] as const) {
    const sizes: number[] = [];
    let total = 0;
    for (let after: RowKey = null; ;) {
      const page: readonly Row[] = await store.rows(table, after, LIMITS.page_max);
      const last = page.at(-1);
      if (last === undefined) break;
      sizes.push(page.reduce((sum, row) => sum + charactersOf(row), 0));
      total += page.length;
      after = keyOfRow(table, last);
    }
    expect(Math.max(...sizes), `characters in a page of ${table}`).toBeLessThanOrEqual(PAGE_CHARACTERS);
    expect(sizes.length).toBeGreaterThan(1);
    expect(total).toBe(await store.count(table));
  }
}

/** The cells of a row as the port names them, from what the reader shows. */
function cellsOf(names: Readonly<Record<string, string>>, record: object): Row {
  const fields = Object.entries(names).map(([field, column]) => [column, (record as Row)[field] ?? null]);
  return Object.fromEntries(fields) as Row;
}

async function columns(world: World): Promise<void> {
  await fill(world);
  const commandId = world.newCommandId();
  await world.add({ commandId, sessionId: 'in a', payload: { big: 'x'.repeat(1_000) } });
  const { sessions, tasks, events } = await world.everything();
  const receipt = await receiptOf(world.peer, commandId);

  const all = await allRows(await world.rows());

  const found = (table: TableName, names: Readonly<Record<string, string>>, records: readonly object[]) => {
    const wanted = records.map((record) => cellsOf(names, record));
    const key = (row: Row) => JSON.stringify(keyOfRow(table, row));
    const byRowKey = new Map(all[table].map((row) => [key(row), row]));
    for (const row of wanted) expect(byRowKey.get(key(row)), `a row of ${table}`).toMatchObject(row);
    return wanted.length;
  };
  expect(
    found(
      'sessions',
      COLUMNS.session,
      sessions.map(({ session }) => session),
    ),
  ).toBe(all.sessions.length);
  expect(found('tasks', COLUMNS.task, tasks)).toBe(all.tasks.length);
  expect(found('event_log', COLUMNS.event, events)).toBe(all.event_log.length);
  expect(found('receipts', COLUMNS.receipt, receipt === null ? [] : [receipt])).toBe(1);
}

async function cells(world: World): Promise<void> {
  await fill(world);

  const all = await allRows(await world.rows());

  for (const table of TABLE_NAMES)
    for (const row of all[table])
      for (const [column, cell] of Object.entries(row))
        expect(
          cell === null || typeof cell === 'string' || Number.isSafeInteger(cell),
          `${table}.${column} is ${typeof cell}`,
        ).toBe(true);
}

async function countsAndKeys(world: World): Promise<void> {
  const store = await world.rows();
  const empty = await Promise.all(
    TABLE_NAMES.map(async (table) => [await store.count(table), await store.lastKey(table)]),
  );
  await fill(world);

  for (const table of TABLE_NAMES) {
    const all = await rowsOf(store, table);
    const last = all.at(-1);
    expect(await store.count(table)).toBe(all.length);
    expect(await store.lastKey(table)).toEqual(last === undefined ? null : keyOfRow(table, last));
  }
  expect(empty).toEqual(TABLE_NAMES.map(() => [0, null]));
  expect(await store.lastKey('sessions')).toEqual(['𠮷', 'in 𠮷']);
}

async function snapshot(world: World): Promise<void> {
  await fill(world);
  const store = await world.rows();
  const before = await readAll(store);

  const seen = await store.snapshot(async (reader) => {
    const first = await reader.rows('tasks', null, 2);
    // So long that the store remembers a new reading of the clocks.
    world.clock.advance(TTL_MS);
    await world.release(await world.claim());
    await world.add({ id: 'new' });
    await store.changeStoreState(null, stateOf('moving'));
    return { first, all: await readAll(reader), now: await reader.now() };
  });
  const after = await readAll(store);
  await store.changeStoreState(stateOf('moving'), null);

  expect(seen.first).toEqual(before.rows.tasks.slice(0, 2));
  expect(seen.all).toEqual(before);
  expect(Number.isSafeInteger(seen.now)).toBe(true);
  for (const [read, answer] of Object.entries(after))
    expect(answer, `${read} has changed meanwhile`).not.toEqual(before[read as keyof typeof before]);
}

async function readOnly(world: World): Promise<void> {
  await fill(world);
  const store = await world.rows();
  const before = await readAll(store);
  const reader = await world.rows(world.opened, 'read-only');

  const errors = [
    await thrownBy(reader.changeStoreState(null, stateOf('moving'))),
    await thrownBy(reader.add(stateOf('filling'), 'tasks', null, [])),
    await thrownBy(reader.continueFrom(stateOf('filling'), { clock: NO_CLOCK, lastEventId: 1 })),
  ];

  expect(errors.map(({ code }) => code)).toEqual(errors.map(() => 'STORE_READ_ONLY'));
  expect(await readAll(reader)).toEqual(before);
  expect(await reader.snapshot(readAll)).toEqual(before);
  expect(await readAll(store)).toEqual(before);
}

/** What each read answers, but for the time. */
async function readAll(reader: RowReader) {
  return {
    storeState: await reader.storeState(),
    rows: await allRows(reader),
    lastKeys: await ofEachTable((table) => reader.lastKey(table)),
    counts: await ofEachTable((table) => reader.count(table)),
    lastEventId: await reader.lastEventId(),
    clock: await reader.clock(),
  };
}

async function ofEachTable<T>(read: (table: TableName) => Promise<T>): Promise<T[]> {
  return Promise.all(TABLE_NAMES.map(read));
}

async function told(world: World): Promise<void> {
  const store = await world.rows();
  const none = [await store.lastEventId(), await store.storeState()];
  await fill(world);
  const { events } = await world.everything();

  const { clock } = await world.peer.read.claimPreview({
    by: 'session',
    namespace: 'default',
    sessionId: 'none',
    scheduledLimit: 0,
  });
  const { reading: _reading, ...remembered } = clock;

  expect(none).toEqual([0, null]);
  expect(await store.lastEventId()).toBe(events.at(-1)?.id);
  expect(await store.clock()).toEqual(remembered);
  expect(remembered.last).not.toBeNull();
  expect(Number.isSafeInteger(await store.now())).toBe(true);
}

async function noSecrets(world: World): Promise<void> {
  const [claimed, next] = [world.newIdentity(), world.newIdentity()];
  await fill(world);
  const claim = await world.claimNew({}, claimed);
  const call = { ...holderOf(claim), ...next, outcome: 'succeeded', claimNext: { agent: AGENT } } as const;
  const released = await world.orchestrator.releaseTask(call);
  if (!released.ok || released.next === null) throw new Error('the next task was claimed');

  const text = JSON.stringify(await allRows(await world.rows()));

  const tokens = [claim, released.next].map(({ lease }) => lease.token);
  const secrets = [...tokens, ...tokens.map((token) => token.split('-')[1] ?? ''), claimed.seed, next.seed];
  for (const secret of secrets) expect(text).not.toContain(secret);
  expect(text).toContain(claimed.commandId);
}
