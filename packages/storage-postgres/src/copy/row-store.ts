import {
  decodeClockState,
  keyOfRow,
  OrchestratorError,
  PAGE_CHARACTERS,
  TABLE_KEYS,
  type ClockState,
  type Row,
  type RowKey,
  type RowStore,
  type TableName,
} from '@agent-orchestrator/core';
import {
  assertCurrent,
  rowStoreAsking,
  TABLES,
  type AskedConnections,
  type AskedRows,
} from '@agent-orchestrator/storage-sql';
import { translateError } from '../errors.ts';
import { settledDrawnId } from '../read/followers.ts';
import type { Connection, Query } from '../connection.ts';
import type { Value } from '../server/values.ts';
import { ConnectionPool } from '../server/connection-pool.ts';
import { lookAt } from '../schema/catalogue.ts';
import { OWNER_USABLE } from '../schema/migrate.ts';
import { OWNER } from '../schema/roles.ts';
import { DATABASE, SCHEMA_VERSION } from '../migrations.ts';
import { query } from '../server/statement-batch.ts';
import { parseServerUrl } from '../server/server-address.ts';
import { now } from '../statements.ts';
import { readStoreState, writingStoreState } from './store-state.ts';
import { BEGIN, reading, TIMEOUTS } from '../server/transactions.ts';

export interface PostgresRowsOptions {
  /** As for `openPostgresStorage`. Methods that write need the rights of the tables' owner. */
  readonly url: string;
  /** `read-only`: never writes; what would throws `STORE_READ_ONLY`. */
  readonly mode?: 'existing' | 'read-only';
}

/** A page, or counting a long log, takes its time. */
const ANSWER_MS = 600_000;
/** A change of the state waits for units of work to end, but no longer than this while new ones queue up behind it. */
const LOCK_MS = 4_000;
const LOCK_TRIES = 8;
/** One statement's rows: what an answer may hold, a statement may, too, but not much more. */
const STATEMENT_CHARACTERS = 8_000_000;

/** What a change of the state, or of rows, waits for. */
const LOCKS = {
  // Every unit of work reads this table before it reads the state, and keeps the lock until it ends.
  state: [
    query(`SET LOCAL lock_timeout = ${LOCK_MS}`),
    query('LOCK TABLE orchestrator.sessions IN ACCESS EXCLUSIVE MODE'),
  ],
  rows: [query(`SELECT 1 FROM orchestrator.meta m WHERE m.key = 'state' FOR UPDATE`)],
} as const;

/** The next value of the sequence is beyond this one. It never goes back; 0 leaves it as it is. */
const drawBeyond = (sequence: string): string =>
  `SELECT setval('orchestrator.${sequence}', $1::bigint) FROM orchestrator.${sequence} s
   WHERE $1::bigint > CASE WHEN s.is_called THEN s.last_value ELSE 0 END`;
const DRAW_BEYOND = {
  event_log_id_seq: drawBeyond('event_log_id_seq'),
  numbers: drawBeyond('numbers'),
} as const;

/**
 * Opens the rows of a store, whatever its state.
 *
 * @throws what `openPostgresStorage` throws for a database that must hold a store
 */
export async function openPostgresRows({ url, mode = 'existing' }: PostgresRowsOptions): Promise<RowStore> {
  const connections = new ConnectionPool(parseServerUrl(url), 2);
  try {
    const { version } = await connections.use((connection) => lookAt(connection, SCHEMA_VERSION));
    assertCurrent(DATABASE, version, SCHEMA_VERSION);
    return rowStoreAsking(new PostgresRows(connections, mode));
  } catch (error) {
    await connections.close();
    throw translateError(error);
  }
}

class PostgresRows implements AskedConnections {
  readonly #connections: ConnectionPool;
  readonly #mode: 'existing' | 'read-only';

  constructor(connections: ConnectionPool, mode: 'existing' | 'read-only') {
    this.#connections = connections;
    this.#mode = mode;
  }

  read<R>(use: (rows: AskedRows) => Promise<R>): Promise<R> {
    return this.#transaction((connection) => use(rowsOn(connection)));
  }

  lastEventId(): Promise<number> {
    return this.#use((connection) =>
      settledDrawnId((queries) => reading(connection, queries, ANSWER_MS), TIMEOUTS.long_lock_ms),
    );
  }

  async snapshot<R>(use: (rows: AskedRows, lastEventId: number) => Promise<R>): Promise<R> {
    // Before the snapshot is taken, so that what it tells can be seen in it.
    const lastEventId = await this.lastEventId();
    return this.#use(async (connection) => {
      await run(connection, query(BEGIN.snapshot));
      try {
        return await use(rowsOn(connection), lastEventId);
      } finally {
        if (connection.usable) await run(connection, query('ROLLBACK'));
      }
    });
  }

  async write(what: 'state' | 'rows', use: (rows: AskedRows) => Promise<void>): Promise<void> {
    if (this.#mode === 'read-only')
      throw new OrchestratorError('STORE_READ_ONLY', 'The store was opened for reading only.');
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#transaction(async (connection) => {
          await becomeOwner(connection);
          await run(connection, ...LOCKS[what]);
          await use(rowsOn(connection));
        });
      } catch (error) {
        // With a cause, it is the server that says so: of a lock, not of the state.
        const isLocked = error instanceof OrchestratorError && error.code === 'STORE_BUSY' && error.cause !== undefined;
        if (what === 'rows' || !isLocked || tries === LOCK_TRIES) throw error;
      }
    }
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  #transaction<R>(use: (connection: Connection) => Promise<R>): Promise<R> {
    return this.#use(async (connection) => {
      await run(connection, query(BEGIN.long));
      try {
        const result = await use(connection);
        await run(connection, query('COMMIT'));
        return result;
      } catch (error) {
        if (connection.usable) await run(connection, query('ROLLBACK'));
        throw error;
      }
    });
  }

  async #use<R>(use: (connection: Connection) => Promise<R>): Promise<R> {
    try {
      return await this.#connections.use(use);
    } catch (error) {
      throw withHint(translateError(error));
    }
  }
}

function withHint(error: unknown): unknown {
  if (!(error instanceof OrchestratorError) || error.code !== 'STORE_PERMISSION') return error;
  return new OrchestratorError('STORE_PERMISSION', error.message, {
    hint: `Use a login that may act as the owner of the tables: a member of ${OWNER}, or the login that created them.`,
    cause: error.cause,
  });
}

/** What ids and numbers are drawn from: a sequence, and the column that it is for. */
const SEQUENCES: Readonly<Partial<Record<TableName, readonly [sequence: keyof typeof DRAW_BEYOND, column: string]>>> = {
  sessions: ['numbers', 'number'],
  tasks: ['numbers', 'number'],
  event_log: ['event_log_id_seq', 'id'],
};

/** The ids and numbers of rows that came from elsewhere are not drawn again. */
function drawingBeyond(table: TableName, rows: readonly Row[]): readonly Query[] {
  const [sequence, column = ''] = SEQUENCES[table] ?? [];
  if (sequence === undefined) return [];
  return [query(DRAW_BEYOND[sequence], Math.max(0, ...rows.map((row) => Number(row[column] ?? 0))))];
}

/** New objects of the store get the owner of the tables. */
async function becomeOwner(connection: Connection): Promise<void> {
  const [answer] = await run(connection, query(OWNER_USABLE));
  if (answer?.[0]?.[0] === true) await run(connection, query(`SET LOCAL ROLE ${OWNER}`));
}

/** The rows as the transaction of a connection sees them. */
function rowsOn(connection: Connection): AskedRows {
  return {
    storeState: () => readStoreState(connection),
    rows: (table, after, limit) => page(connection, table, after, limit),
    lastKey: (table) => lastKey(connection, table),
    count: (table) => count(connection, table),
    clock: () => clockOf(connection),
    now: () => timeOf(connection),
    setStoreState: async (next) => void (await run(connection, ...writingStoreState(next))),
    insert: async (table, rows) => {
      await run(connection, ...drawingBeyond(table, rows));
      for (const text of jsonTexts(rows)) await run(connection, query(insertInto(table), text));
    },
    continueFrom: async (clock, lastEventId) => {
      await run(
        connection,
        query(`UPDATE orchestrator.meta SET value = $1 WHERE key = 'clock'`, JSON.stringify(clock)),
        query(DRAW_BEYOND.event_log_id_seq, lastEventId),
      );
    },
  };
}

function columnsOf(table: TableName): readonly string[] {
  return Object.keys(TABLES[table].columns);
}

async function page(connection: Connection, table: TableName, after: RowKey, limit: number): Promise<readonly Row[]> {
  const columns = columnsOf(table);
  const key = TABLE_KEYS[table];
  const keyColumns = key.map((column) => `r.${column}`).join(', ');
  const values: Value[] = after === null ? [] : [...after];
  const where = after === null ? '' : `WHERE (${keyColumns}) > (${key.map((_, at) => `$${at + 1}`).join(', ')})`;
  const cells = columns.map((column) => `r.${column}`).join(', ');
  const rows = `SELECT ${cells} FROM orchestrator.${table} r ${where} ORDER BY ${keyColumns} LIMIT ${limit}`;
  // The length of a text that lies apart from its row is known without it. What is before the row counts: the first
  // comes in any case.
  const length = columns.map((column) => `coalesce(octet_length(r.${column}::text), 0)`).join(' + ');
  const before = `sum(${length}) OVER (ORDER BY ${keyColumns}) - (${length})`;
  const sized = `SELECT r.*, ${before} AS characters_before, ${length} AS characters_own FROM (${rows}) r`;
  const text = `SELECT ${cells} FROM (${sized}) r
    WHERE r.characters_before = 0 OR r.characters_before + r.characters_own <= ${PAGE_CHARACTERS}
    ORDER BY ${keyColumns}`;
  const [answer] = await run(connection, query(text, ...values));
  return (answer ?? []).map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at]])) as Row);
}

async function lastKey(connection: Connection, table: TableName): Promise<RowKey> {
  const key = TABLE_KEYS[table];
  const backwards = key.map((column) => `${column} DESC`).join(', ');
  const text = `SELECT ${key.join(', ')} FROM orchestrator.${table} ORDER BY ${backwards} LIMIT 1`;
  const [answer] = await run(connection, query(text));
  const [row] = answer ?? [];
  return row === undefined
    ? null
    : keyOfRow(table, Object.fromEntries(key.map((column, at) => [column, row[at]])) as Row);
}

async function count(connection: Connection, table: TableName): Promise<number> {
  const [answer] = await run(connection, query(`SELECT count(*) FROM orchestrator.${table}`));
  return answer?.[0]?.[0] as number;
}

async function clockOf(connection: Connection): Promise<ClockState> {
  const [answer] = await run(connection, query(`SELECT m.value FROM orchestrator.meta m WHERE m.key = 'clock'`));
  return decodeClockState(answer?.[0]?.[0] as string);
}

async function timeOf(connection: Connection): Promise<number> {
  const [answer] = await run(connection, query(`SELECT ${now('NULL')}`));
  return answer?.[0]?.[0] as number;
}

/** Differs: the column gives the ids by itself, unless the statement says otherwise. */
function insertInto(table: TableName): string {
  const columns = columnsOf(table).join(', ');
  const overriding = table === 'event_log' ? 'OVERRIDING SYSTEM VALUE ' : '';
  return `INSERT INTO orchestrator.${table} (${columns}) ${overriding}
    SELECT ${columns} FROM json_populate_recordset(NULL::orchestrator.${table}, $1::text::json)`;
}

/** The rows as JSON, in so many texts that none grows too long. */
function* jsonTexts(rows: readonly Row[]): Generator<string> {
  let texts: string[] = [];
  let length = 0;
  for (const row of rows) {
    const text = JSON.stringify(row);
    if (length + text.length > STATEMENT_CHARACTERS && texts.length > 0) {
      yield `[${texts.join(',')}]`;
      [texts, length] = [[], 0];
    }
    texts.push(text);
    length += text.length;
  }
  if (texts.length > 0) yield `[${texts.join(',')}]`;
}

function run(
  connection: Connection,
  ...queries: readonly Query[]
): Promise<readonly (readonly (readonly unknown[])[])[]> {
  return connection.flush(queries, ANSWER_MS);
}
