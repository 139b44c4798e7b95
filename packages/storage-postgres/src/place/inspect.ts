import { decodeClockState, decodeStoreState, type PlaceReport } from '@agent-orchestrator/core';
import { noStore } from '@agent-orchestrator/storage-sql';
import { translateError } from '../errors.ts';
import type { Connection } from '../connection.ts';
import { ConnectionPool } from '../server/connection-pool.ts';
import { lookAt } from '../schema/catalogue.ts';
import { DATABASE, SCHEMA_VERSION } from '../migrations.ts';
import { query } from '../server/statement-batch.ts';
import { parseServerUrl } from '../server/server-address.ts';
import { reading, readingRow, TIMEOUTS } from '../server/transactions.ts';
import { judge, type PostgresFacts } from './judge.ts';

/** The rights that agents need: see `orchestrator_app`. */
const NEEDED = [
  ...['SELECT', 'INSERT', 'UPDATE'].flatMap((right) => [[right, 'sessions'] as const, [right, 'tasks'] as const]),
  ['SELECT', 'dependencies'],
  ['INSERT', 'dependencies'],
  ['UPDATE', 'dependencies'],
  ['SELECT', 'dependency_ends'],
  ['INSERT', 'dependency_ends'],
  ['DELETE', 'dependency_ends'],
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
function rights(of: Rights, has: boolean): string {
  const values = of.map(([right, table]) => `('${right}', '${table}')`).join(', ');
  return `SELECT right_ || ' ' || table_ FROM (VALUES ${values}) AS v (right_, table_)
    WHERE CASE WHEN right_ IN ('INSERT', 'UPDATE') THEN has_any_column_privilege('orchestrator.' || table_, right_)
      ELSE has_table_privilege('orchestrator.' || table_, right_) END = ${has}`;
}

/** The sequence of numbers, if the login cannot draw from it. */
const NOT_DRAWN = `SELECT 'USAGE numbers' WHERE NOT has_sequence_privilege('orchestrator.numbers', 'USAGE')`;

const LOGIN = `SELECT current_user::text, r.rolsuper, pg_has_role(n.nspowner, 'MEMBER')
  FROM pg_roles r, pg_namespace n WHERE r.rolname = current_user AND n.nspname = 'orchestrator'`;
/** Who but superusers and the owner of the schema may put functions and operators where other programs find them. */
const CREATORS = `SELECT g.name FROM (
    SELECT 'every login' AS name, 0 AS place FROM pg_namespace n, aclexplode(n.nspacl) a
    WHERE n.nspname = 'public' AND a.grantee = 0 AND a.privilege_type = 'CREATE'
    UNION ALL
    SELECT r.rolname, 1 FROM pg_namespace n, aclexplode(n.nspacl) a JOIN pg_roles r ON r.oid = a.grantee
    WHERE n.nspname = 'public' AND a.privilege_type = 'CREATE' AND NOT r.rolsuper AND r.oid <> n.nspowner) g
  ORDER BY g.place, g.name LIMIT 10`;
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

type ServerReport = PlaceReport & { readonly facts: PostgresFacts };

/** Inspects a store on a server. The password is in no error. */
export async function inspectPlace(address: string): Promise<ServerReport> {
  const connections = new ConnectionPool(parseServerUrl(address), 1);
  try {
    return await connections.use((connection) => inspect(connection));
  } catch (error) {
    throw translateError(error);
  } finally {
    await connections.close();
  }
}

async function inspect(connection: Connection): Promise<ServerReport> {
  const { version: schema, state } = await lookAt(connection, SCHEMA_VERSION);
  if (schema === 0) throw noStore(DATABASE);
  const texts = [SERVER, LOGIN, rights(NEEDED, false), NOT_DRAWN, rights(EXCESS, true), UNSAFE, SLOTS, CLOCK, CREATORS];
  const [server, login, missing, notDrawn, excess, unsafe, slots, clock, creators] = await reading(
    connection,
    texts.map((text) => query(text)),
    TIMEOUTS.answer_ms,
  );
  const [version, logBytesKept, maySeeLog, serverNow] = (server?.[0] ?? []) as [string, number, boolean, number];
  const [user, isSuperuser, isOwner] = (login?.[0] ?? []) as [string, boolean, boolean];
  const clockText = clock?.[0]?.[0] as string | undefined;
  const facts: PostgresFacts = {
    version,
    login: {
      user,
      isSuperuser,
      isOwner,
      missing: [...firstColumn(missing), ...firstColumn(notDrawn)],
      excess: firstColumn(excess),
    },
    publicCreators: firstColumn(creators),
    unsafeSettings: firstColumn(unsafe),
    logBytes: maySeeLog ? await logBytesOf(connection) : null,
    logBytesKept,
    idleSlots: (slots ?? []).map(([name, bytes]) => ({ name: name as string, bytes: bytes as number })),
  };
  return {
    version,
    schema,
    schemaKnown: SCHEMA_VERSION,
    state: decodeStoreState(state),
    clock: clockText === undefined ? null : decodeClockState(clockText),
    serverNow,
    findings: judge(facts),
    facts,
  };
}

async function logBytesOf(connection: Connection): Promise<number> {
  const [bytes] = await readingRow(connection, query(LOG_BYTES));
  return bytes as number;
}

function firstColumn(answer: readonly (readonly unknown[])[] = []): readonly string[] {
  return answer.map(([value]) => value as string);
}
