import { createHash } from 'node:crypto';
import {
  assertComplete,
  keyOfRow,
  LIMITS,
  OrchestratorError,
  TABLE_NAMES,
  verifyLog,
  type Row,
  type RowKey,
  type RowReader,
  type RowStore,
  type StoreState,
  type TableName,
  type Verification,
} from '@agent-orchestrator/core';
import { openStorage } from './open-storage.ts';

/** The progress of a copy. */
export interface CopyProgress {
  readonly step: 'reading' | 'copying' | 'comparing' | 'verifying';
  /** The table of the rows; null: a database of another format (`reading`), the whole log (`verifying`). */
  readonly table: TableName | null;
  readonly done: number;
  readonly of: number;
}

/** Called after every page, and awaited. */
export type OnProgress = (progress: CopyProgress) => void | Promise<void>;

/** The result of a comparison without differences. */
export interface Compared {
  readonly rows: Readonly<Record<TableName, number>>;
  /** Sessions that are held. */
  readonly held: number;
  /** The greatest fence that was granted; 0 if none was. */
  readonly greatestFence: number;
  /** SHA-256 over all rows of all tables in the order of their keys. It is the same for both stores. */
  readonly digest: string;
}

/**
 * Asserts that a copy may come here. It is checked again under the lock later; here it avoids a useless beginning.
 *
 * @throws `STORE_NOT_EMPTY`, `STORE_INCOMPLETE`
 */
export async function assertFree(target: RowStore): Promise<void> {
  const state = await target.storeState();
  assertComplete(state);
  const keys = await Promise.all(TABLE_NAMES.map((table) => target.lastKey(table)));
  if (state !== null || keys.some((key) => key !== null)) throw new OrchestratorError('STORE_NOT_EMPTY');
}

/**
 * Copies the rows that are not there yet. Each page is added as a whole, and the greatest key of a table shows how far
 * it was copied. So after a crash, the next call continues where this one stopped, without another record.
 */
export async function copyRows(
  source: RowReader,
  target: RowStore,
  state: StoreState,
  onProgress: OnProgress,
): Promise<void> {
  for (const table of TABLE_NAMES) {
    const of = await source.count(table);
    let done = await target.count(table);
    let after = await target.lastKey(table);
    for (;;) {
      const rows = await source.rows(table, after, LIMITS.page_max);
      const last = rows.at(-1);
      if (last === undefined) break;
      await target.add(state, table, after, rows);
      after = keyOfRow(table, last);
      done += rows.length;
      await onProgress({ step: 'copying', table, done, of });
    }
  }
}

/**
 * Reads both stores from end to end.
 *
 * @throws `STORE_CORRUPT` if they do not hold the same rows
 */
export async function compareRows(source: RowReader, target: RowReader, onProgress: OnProgress): Promise<Compared> {
  const digest = createHash('sha256');
  const rows = Object.fromEntries(TABLE_NAMES.map((table) => [table, 0])) as Record<TableName, number>;
  let held = 0;
  let greatestFence = 0;
  for (const table of TABLE_NAMES) {
    const of = await source.count(table);
    let left: readonly Row[] = [];
    let right: readonly Row[] = [];
    for (let after: RowKey = null; ;) {
      // Pages may end at different rows. Both stores are read further after the last key that was compared.
      [left, right] = await Promise.all([
        left.length > 0 ? left : source.rows(table, after, LIMITS.page_max),
        right.length > 0 ? right : target.rows(table, after, LIMITS.page_max),
      ]);
      const both = Math.min(left.length, right.length);
      if (both === 0) break;
      for (const [index, row] of left.slice(0, both).entries()) {
        const text = textOf(row);
        if (text !== textOf(right[index])) throw differs(table, row);
        digest.update(text);
        if (table === 'sessions' && row['status'] === 'running') held += 1;
        if (table === 'event_log') greatestFence = Math.max(greatestFence, Number(row['fence']));
        after = keyOfRow(table, row);
      }
      rows[table] += both;
      [left, right] = [left.slice(both), right.slice(both)];
      await onProgress({ step: 'comparing', table, done: rows[table], of });
    }
    const [further] = [...left, ...right];
    if (further !== undefined) throw differs(table, further);
    digest.update(`${table}\n`);
  }
  return { rows, held, greatestFence, digest: digest.digest('hex') };
}

/** Replays the log of a copy that is not open yet, and compares the result with the state. */
export async function verifyCopy(url: string, filling: string, onProgress: OnProgress): Promise<Verification> {
  await onProgress({ step: 'verifying', table: null, done: 0, of: 1 });
  const verification = await replayed(url, filling);
  await onProgress({ step: 'verifying', table: null, done: 1, of: 1 });
  return verification;
}

async function replayed(url: string, filling: string): Promise<Verification> {
  const storage = await openStorage(url, { mode: 'read-only', filling });
  await using _ = { [Symbol.asyncDispose]: async () => storage.close() };
  return await storage.read.snapshot(async (reader) => verifyLog(reader, await reader.namespaces()));
}

/** A text that does not depend on the order of the columns. */
function textOf(row: Row | undefined): string {
  if (row === undefined) return '';
  return `${JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1)))}\n`;
}

function differs(table: TableName, row: Row | undefined): OrchestratorError {
  const key = row === undefined ? '' : ` ${(keyOfRow(table, row) ?? []).join(' ')}`;
  return new OrchestratorError('STORE_CORRUPT', `The copy differs from the original: ${table}${key}.`, {
    hint: 'Discard the copy (`orchestrator store move --abandon` for a move), and name a new place for the next one.',
  });
}
