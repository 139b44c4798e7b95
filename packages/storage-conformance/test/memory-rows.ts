import {
  assertComplete,
  assertMayFollow,
  assertOpenForWork,
  assertSameState,
  anotherProcessCopies,
  charactersOf,
  COLUMNS,
  keyOfRow,
  OrchestratorError,
  PAGE_CHARACTERS,
  TABLE_KEYS,
  TABLE_NAMES,
  type Agent,
  type Dependency,
  type DependencyEnd,
  type Event,
  type Receipt,
  type Row,
  type RowKey,
  type RowReader,
  type RowStore,
  type Session,
  type Storage,
  type StoreState,
  type TableName,
  type Task,
} from '@agent-orchestrator/core';
import { openMemoryStorage, type MemoryData } from '@agent-orchestrator/storage-memory';
import { delegate } from '../src/interleave.ts';
import type { Target, TestClock } from '../src/index.ts';
import { memoryTarget, type OpenedMemory } from './open-memory.ts';

/*
 * The rows of a storage in memory, for the sake of the cases about rows: storage-memory itself has none, because its
 * data end with the process.
 */

/** Beside the data: what the store is. */
const states = new WeakMap<MemoryData, StoreState>();

/** The storage in memory, with rows and states. */
export const rowsTarget: Target<OpenedMemory> = {
  ...memoryTarget,
  name: 'storage-memory with rows',

  open,

  rows: {
    other: open,
    open: async ({ data, clock }, mode) => new MemoryRows(data, clock, mode),
    openFilling,
  },
};

async function open(): Promise<OpenedMemory> {
  const opened = await memoryTarget.open();
  const { data } = opened;
  return { ...opened, storage: withState(opened.storage, data), peer: withState(opened.peer, data) };
}

/** @param id of the move that may use the store before it is open; undefined: none may */
export async function openFilling({ data, clock }: OpenedMemory, id?: string): Promise<Storage> {
  assertComplete(stateOf(data), id);
  return withState(openMemoryStorage({ clock, data }), data, id);
}

/** What the store is; null: open. */
export function stateOf(data: MemoryData): StoreState | null {
  return states.get(data) ?? null;
}

/** Changes the state without a look at what it was. */
export function setState(data: MemoryData, state: StoreState | null): void {
  if (state === null) states.delete(data);
  else states.set(data, state);
}

/** The same storage, which works only where the state allows it. */
function withState(storage: Storage, data: MemoryData, filling?: string): Storage {
  const storeState = async () => stateOf(data);
  return {
    ...delegate(storage),
    async transact(scope, decide) {
      assertOpenForWork(stateOf(data), filling);
      return storage.transact(scope, decide);
    },
    read: {
      ...storage.read,
      storeState,
      snapshot: (use) => storage.read.snapshot((reader) => use({ ...reader, storeState })),
    },
  };
}

type AnyRow = Session | Task | Agent | Dependency | DependencyEnd | Event | Receipt;

export class MemoryRows implements RowStore {
  readonly data: MemoryData;
  readonly #clock: TestClock;
  readonly #mode: 'existing' | 'read-only';

  constructor(data: MemoryData, clock: TestClock, mode: 'existing' | 'read-only' = 'existing') {
    this.data = data;
    this.#clock = clock;
    this.#mode = mode;
  }

  /** The same, opened to be written. */
  get writable(): MemoryRows {
    return new MemoryRows(this.data, this.#clock);
  }

  async storeState(): Promise<StoreState | null> {
    return stateOf(this.data);
  }

  async rows(table: TableName, after: RowKey, limit: number): Promise<readonly Row[]> {
    const rest = tableOf(this.data, table).filter(
      (row) => after === null || compareKeys(keyOfRow(table, row), after) > 0,
    );
    const page: Row[] = [];
    let characters = 0;
    for (const row of rest.slice(0, limit)) {
      characters += charactersOf(row);
      if (characters > PAGE_CHARACTERS && page.length > 0) break;
      page.push(row);
    }
    return page;
  }

  async lastKey(table: TableName): Promise<RowKey> {
    const last = tableOf(this.data, table).at(-1);
    return last === undefined ? null : keyOfRow(table, last);
  }

  async count(table: TableName): Promise<number> {
    return tableOf(this.data, table).length;
  }

  async lastEventId(): Promise<number> {
    return this.data.lastEventId;
  }

  async clock() {
    return this.data.clock;
  }

  async now(): Promise<number> {
    return this.#clock.now;
  }

  async snapshot<R>(use: (reader: RowReader) => Promise<R>): Promise<R> {
    const { sessions, tasks, agents, dependencies, dependencyEnds, events, receipts } = this.data;
    const frozen = {
      ...this.data,
      sessions: new Map(sessions),
      tasks: new Map(tasks),
      agents: new Map(agents),
      dependencies: new Map(dependencies),
      dependencyEnds: new Map(dependencyEnds),
      events: [...events],
      receipts: new Map(receipts),
    };
    setState(frozen, stateOf(this.data));
    return use(new MemoryRows(frozen, this.#clock));
  }

  async changeStoreState(expected: StoreState | null, next: StoreState | null): Promise<void> {
    this.#assertWritable();
    assertSameState(stateOf(this.data), expected);
    assertMayFollow(expected, next);
    if (next?.status === 'filling' && TABLE_NAMES.some((table) => tableOf(this.data, table).length > 0))
      throw new OrchestratorError('STORE_NOT_EMPTY');
    setState(this.data, next);
  }

  async add(state: StoreState, table: TableName, after: RowKey, rows: readonly Row[]): Promise<void> {
    this.#assertWritable();
    assertSameState(stateOf(this.data), state);
    const last = tableOf(this.data, table).at(-1);
    const lastKey = last === undefined ? null : keyOfRow(table, last);
    if (JSON.stringify(lastKey) !== JSON.stringify(after)) throw anotherProcessCopies();
    const keys = rows.map((row) => JSON.stringify(keyOfRow(table, row)));
    if (new Set(keys).size < keys.length) throw new OrchestratorError('INTERNAL', 'A row comes twice.');
    for (const row of rows) addRow(this.data, table, row);
  }

  async continueFrom(
    state: StoreState,
    { clock, lastEventId }: Parameters<RowStore['continueFrom']>[1],
  ): Promise<void> {
    this.#assertWritable();
    assertSameState(stateOf(this.data), state);
    this.data.clock = clock;
    this.data.lastEventId = Math.max(this.data.lastEventId, lastEventId);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #assertWritable(): void {
    if (this.#mode === 'read-only') throw new OrchestratorError('STORE_READ_ONLY');
  }
}

const NAMES: Readonly<Record<TableName, Readonly<Record<string, string>>>> = {
  sessions: COLUMNS.session,
  tasks: COLUMNS.task,
  agents: COLUMNS.agent,
  dependencies: COLUMNS.dependency,
  dependency_ends: COLUMNS.dependencyEnd,
  event_log: COLUMNS.event,
  receipts: COLUMNS.receipt,
};

/** The rows of a table, by key. */
export function tableOf(data: MemoryData, table: TableName): Row[] {
  const { sessions, tasks, agents, dependencies, dependencyEnds, events, receipts } = data;
  const records: readonly AnyRow[] = {
    sessions: [...sessions.values()],
    tasks: [...tasks.values()],
    agents: [...agents.values()],
    dependencies: [...dependencies.values()],
    dependency_ends: [...dependencyEnds.values()],
    event_log: events,
    receipts: [...receipts.values()],
  }[table];
  const rows = records.map((record) => rowOf(table, record));
  return rows.toSorted((a, b) => compareKeys(keyOfRow(table, a), keyOfRow(table, b)));
}

function rowOf(table: TableName, record: AnyRow): Row {
  const cells = Object.entries(NAMES[table]).map(([field, column]) => [
    column,
    (record as unknown as Row)[field] ?? null,
  ]);
  return Object.fromEntries(cells) as Row;
}

function recordOf(table: TableName, row: Row): unknown {
  return Object.fromEntries(Object.entries(NAMES[table]).map(([field, column]) => [field, row[column]]));
}

function addRow(data: MemoryData, table: TableName, row: Row): void {
  const key = TABLE_KEYS[table].map((column) => row[column]).join('\n');
  switch (table) {
    case 'sessions':
      data.sessions.set(key, recordOf(table, row) as Session);
      break;
    case 'tasks':
      data.tasks.set(key, recordOf(table, row) as Task);
      break;
    case 'agents':
      data.agents.set(key, recordOf(table, row) as Agent);
      break;
    case 'dependencies':
      data.dependencies.set(key, recordOf(table, row) as Dependency);
      break;
    case 'dependency_ends':
      data.dependencyEnds.set(key, recordOf(table, row) as DependencyEnd);
      break;
    case 'event_log':
      data.events.push(recordOf(table, row) as Event);
      data.lastEventId = Math.max(data.lastEventId, Number(row['id']));
      break;
    case 'receipts':
      data.receipts.set(key, recordOf(table, row) as Receipt);
  }
}

/** Byte by byte, and numbers by size. */
export function compareKeys(a: RowKey, b: RowKey): number {
  for (const [at, one] of (a ?? []).entries()) {
    const other = b?.[at] ?? '';
    const order =
      typeof one === 'number' ? one - Number(other) : Buffer.compare(Buffer.from(one), Buffer.from(String(other)));
    if (order !== 0) return order;
  }
  return 0;
}
