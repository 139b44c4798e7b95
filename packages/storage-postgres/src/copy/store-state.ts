import { decodeStoreState, encodeStoreState, isShut, TABLE_NAMES, type StoreState } from '@agent-orchestrator/core';
import type { Connection, Query } from '../connection.ts';
import { query } from '../server/statement-batch.ts';
import { TIMEOUTS } from '../server/transactions.ts';

/** Asks for the state of the store: one row. */
export const STORE_STATE = query(`SELECT (SELECT m.value FROM orchestrator.meta m WHERE m.key = 'state')`);
const WRITE = `INSERT INTO orchestrator.meta (key, value) VALUES ('state', $1)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value`;
const DELETE = `DELETE FROM orchestrator.meta WHERE key = 'state'`;

/** The state of the store, in a transaction that is open; null: it is open for work. The tables must be there. */
export async function readStoreState(connection: Connection): Promise<StoreState | null> {
  const [answer] = await connection.flush([STORE_STATE], TIMEOUTS.answer_ms);
  return storeStateOf(answer?.[0]);
}

export function storeStateOf(row: readonly unknown[] | undefined): StoreState | null {
  return decodeStoreState((row?.[0] as string | null | undefined) ?? null);
}

/**
 * Changes the state. In one that shuts the store, triggers refuse writes: each unit of work asks for the state itself,
 * but a client of another kind may not.
 */
export function writingStoreState(next: StoreState | null): readonly Query[] {
  const opened = TABLE_NAMES.map((table) => query(`DROP TRIGGER IF EXISTS shut ON orchestrator.${table}`));
  if (next === null) return [query(DELETE), ...opened];
  const written = [query(WRITE, encodeStoreState(next)), ...opened];
  return isShut(next) ? [...written, ...shutting(next)] : written;
}

function shutting({ address }: StoreState): readonly Query[] {
  return TABLE_NAMES.map((table) =>
    query(
      `CREATE TRIGGER shut BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON orchestrator.${table}
         EXECUTE FUNCTION orchestrator.refuse_work(${text(address)})`,
    ),
  );
}

/** A literal whatever it holds, backslashes included. */
function text(value: string): string {
  return ` E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
