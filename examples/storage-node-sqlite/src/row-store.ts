import { existsSync, realpathSync } from 'node:fs';
import {
  authorityTime,
  encodeStoreState,
  keyOfRow,
  OrchestratorError,
  TABLE_KEYS,
  type Row,
  type RowKey,
  type RowStore,
  type StoreMode,
  type TableName,
} from '@agent-orchestrator/core';
import { noStore, rowStoreOver, systemClock, TABLES, type WritableRows } from '@agent-orchestrator/storage-sql';
import { retryWhileBusy, translateError, type Database } from './database.ts';
import { insertInto, WRITES } from './statements.ts';
import { openStore, readStoreState } from './store-file.ts';
import { storedClock, writing } from './unit-of-work.ts';

const BUSY_TIMEOUT_MS = 30_000;
const LAST_EVENT_ID = `SELECT max(coalesce((SELECT max(id) FROM event_log), 0),
  coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event_log'), 0)) AS id`;

/** Opens the rows of a store, whatever its state: for moves, restores and backups. */
export async function openNodeSqliteRows(path: string, mode: Exclude<StoreMode, 'create'>): Promise<RowStore> {
  try {
    if (!existsSync(path)) throw noStore(path);
    const file = realpathSync(path);
    const db = await patiently(() => openStore(file, mode === 'read-only'));
    const rows = rowsOn(db);
    return rowStoreOver({
      read: (use) => patiently(() => use(rows)),
      write: async (use) => {
        if (mode === 'read-only')
          throw new OrchestratorError('STORE_READ_ONLY', `${file} was opened for reading only.`);
        await patiently(() => writing(db, () => use(rows)));
      },
      async snapshot(use) {
        const snapshot = await patiently(() => openStore(file, true));
        try {
          snapshot.exec('BEGIN');
          return await use(rowsOn(snapshot));
        } finally {
          snapshot.close();
        }
      },
      close: async () => db.close(),
    });
  } catch (error) {
    throw translateError(error);
  }
}

function patiently<R>(attempt: () => R): Promise<R> {
  return retryWhileBusy(performance.now() + BUSY_TIMEOUT_MS, attempt);
}

function rowsOn(db: Database): WritableRows {
  return {
    storeState: () => readStoreState(db),
    rowsAfter(table, after, limit) {
      const key = TABLE_KEYS[table];
      const beyond = after === null ? '' : `WHERE (${key.join(', ')}) > (${key.map(() => '?').join(', ')})`;
      const sql = `SELECT ${columnsOf(table).join(', ')} FROM ${table} ${beyond} ORDER BY ${key.join(', ')} LIMIT ?`;
      return db.each<Row>(sql, ...(after ?? []), limit);
    },
    lastKey: (table) => lastKey(db, table),
    count: (table) => db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)?.n ?? 0,
    lastEventId: () => db.get<{ id: number }>(LAST_EVENT_ID)?.id ?? 0,
    clock: () => storedClock(db),
    now: () => Math.floor(authorityTime(storedClock(db), systemClock.read())),

    setStoreState(next) {
      if (next === null) db.run(`DELETE FROM meta WHERE key = 'state'`);
      else db.run(WRITES.setMeta, 'state', encodeStoreState(next));
    },
    insert(table, rows) {
      const columns = columnsOf(table);
      const insert = insertInto(table, columns);
      for (const row of rows) db.run(insert, ...columns.map((column) => row[column] ?? null));
    },
    continueFrom(clock, lastEventId) {
      db.run(WRITES.setMeta, 'clock', JSON.stringify(clock));
      db.run(`DELETE FROM sqlite_sequence WHERE name = 'event_log'`);
      db.run(`INSERT INTO sqlite_sequence (name, seq) VALUES ('event_log', ?)`, lastEventId);
    },
  };
}

function columnsOf(table: TableName): readonly string[] {
  return Object.keys(TABLES[table].columns);
}

function lastKey(db: Database, table: TableName): RowKey {
  const key = TABLE_KEYS[table];
  const backwards = key.map((column) => `${column} DESC`).join(', ');
  const row = db.get<Row>(`SELECT ${key.join(', ')} FROM ${table} ORDER BY ${backwards} LIMIT 1`);
  return row === undefined ? null : keyOfRow(table, row);
}
