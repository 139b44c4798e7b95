import { decodeClockState, type ClockState, type StoreState } from '@agent-orchestrator/core';
import { translateError } from './errors.ts';
import type { Connection } from './connection.ts';
import { ConnectionPool } from './connection-pool.ts';
import { schemaVersionOf } from './migrate.ts';
import { notFound, SCHEMA_VERSION } from './schema-version.ts';
import { query } from './statement-batch.ts';
import { readStoreState } from './store-state.ts';
import { parseServerUrl } from './server-address.ts';
import { TIMEOUTS } from './statements.ts';

/** What a look at a store on a server tells, without a lock and without a change. */
export interface PostgresFacts {
  readonly version: string;
  /** How many migrations were applied to the database, and how many there are. */
  readonly schema: number;
  readonly schemaKnown: number;
  readonly login: LoginFacts;
  /** Settings under which an acknowledged commit may be lost, with their values; none: a commit is durable. */
  readonly unsafeSettings: readonly string[];
  /** Bytes of the server's write-ahead log; null: this login may not ask. */
  readonly logBytes: number | null;
  /** So large it may grow between two checkpoints. */
  readonly logBytesKept: number;
  /** Replication slots without a reader that keep the write-ahead log, each with the bytes it keeps. */
  readonly idleSlots: readonly { readonly name: string; readonly bytes: number }[];
  /** What the store remembers of its server's clock. */
  readonly clock: ClockState | null;
  /** null: the store is open for work. */
  readonly state: StoreState | null;
  /** The server's time, in milliseconds, in the middle of the question. */
  readonly now: number;
}

/** The login, and what it may do. */
interface LoginFacts {
  readonly user: string;
  readonly isSuperuser: boolean;
  /** Whether it may act as the owner of the schema, and so change what the tables are. */
  readonly isOwner: boolean;
  /** What an agent needs and it may not do, as `INSERT event_log`. */
  readonly missing: readonly string[];
  /** What no agent needs and it may do to the log: `UPDATE event_log`. */
  readonly excess: readonly string[];
}

/** What agents need: see the rights of `orchestrator_app`. */
const NEEDED = [
  ...['SELECT', 'INSERT', 'UPDATE'].flatMap((right) => [[right, 'sessions'] as const, [right, 'tasks'] as const]),
  ['SELECT', 'event_log'],
  ['INSERT', 'event_log'],
  ['SELECT', 'receipts'],
  ['INSERT', 'receipts'],
  ['DELETE', 'receipts'],
  ['SELECT', 'meta'],
] as const;
const EXCESS = [
  ['UPDATE', 'event_log'],
  ['DELETE', 'event_log'],
  ['TRUNCATE', 'event_log'],
] as const;

type Rights = readonly (readonly [right: string, table: string])[];

/** Those of the rights that the login has, or has not. */
const rights = (of: Rights, has: boolean): string =>
  `SELECT right_ || ' ' || table_
   FROM (VALUES ${of.map(([right, table]) => `('${right}', '${table}')`).join(', ')}) AS v (right_, table_)
   WHERE has_table_privilege('orchestrator.' || table_, right_) = ${has}`;

/** The sequences of numbers that the login cannot draw from. */
const NOT_DRAWN = `SELECT 'USAGE ' || name FROM (VALUES ('task_numbers'), ('session_numbers')) AS s (name)
  WHERE NOT has_sequence_privilege('orchestrator.' || name, 'USAGE')`;

const LOGIN = `SELECT current_user::text, r.rolsuper, pg_has_role(n.nspowner, 'MEMBER')
  FROM pg_roles r, pg_namespace n WHERE r.rolname = current_user AND n.nspname = 'orchestrator'`;
const UNSAFE = `SELECT name || ' = ' || setting FROM pg_settings
  WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name`;
const SERVER = `SELECT current_setting('server_version'),
  coalesce((SELECT setting::bigint * 1048576 FROM pg_settings WHERE name = 'max_wal_size'), 1073741824),
  has_function_privilege('pg_ls_waldir()', 'EXECUTE'), floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`;
const LOG_BYTES = 'SELECT coalesce(sum(size), 0)::bigint FROM pg_ls_waldir()';
const SLOTS = `SELECT slot_name::text, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint
  FROM pg_replication_slots
  WHERE NOT active AND restart_lsn IS NOT NULL ORDER BY 2 DESC LIMIT 10`;
const CLOCK = `SELECT m.value FROM orchestrator.meta m WHERE m.key = 'clock'`;

/**
 * Looks at a store on a server.
 *
 * @throws `STORE_NOT_FOUND` and what else opening the store throws, but `STORE_OLDER` and `STORE_NEWER`; the password
 * is in none of them
 */
export async function inspectPostgres(url: string): Promise<PostgresFacts> {
  const connections = new ConnectionPool(parseServerUrl(url), 1);
  try {
    return await connections.use((connection) => inspect(connection));
  } catch (error) {
    throw translateError(error);
  } finally {
    await connections.close();
  }
}

async function inspect(connection: Connection): Promise<PostgresFacts> {
  const schema = await schemaVersionOf(connection);
  if (schema === 0) throw notFound();
  const texts = [SERVER, LOGIN, rights(NEEDED, false), NOT_DRAWN, rights(EXCESS, true), UNSAFE, SLOTS, CLOCK];
  const [server, login, missing, notDrawn, excess, unsafe, slots, clock] = await connection.flush(
    texts.map((text) => query(text)),
    TIMEOUTS.answer_ms,
  );
  const [version, logBytesKept, maySeeLog, now] = (server?.[0] ?? []) as [string, number, boolean, number];
  const [user, isSuperuser, isOwner] = (login?.[0] ?? []) as [string, boolean, boolean];
  const clockText = clock?.[0]?.[0] as string | undefined;
  return {
    version,
    schema,
    schemaKnown: SCHEMA_VERSION,
    login: {
      user,
      isSuperuser,
      isOwner,
      missing: [...firstColumn(missing), ...firstColumn(notDrawn)],
      excess: firstColumn(excess),
    },
    unsafeSettings: firstColumn(unsafe),
    logBytes: maySeeLog ? await logBytesOf(connection) : null,
    logBytesKept,
    idleSlots: (slots ?? []).map(([name, bytes]) => ({ name: name as string, bytes: bytes as number })),
    clock: clockText === undefined ? null : decodeClockState(clockText),
    state: await readStoreState(connection),
    now,
  };
}

async function logBytesOf(connection: Connection): Promise<number> {
  const [answer] = await connection.flush([query(LOG_BYTES)], TIMEOUTS.answer_ms);
  return answer?.[0]?.[0] as number;
}

function firstColumn(answer: readonly (readonly unknown[])[] = []): readonly string[] {
  return answer.map(([value]) => value as string);
}
