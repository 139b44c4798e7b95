import { assertSameCatalogue, TABLES, type Catalogue } from '@agent-orchestrator/storage-sql';
import type { Answer, Connection } from '../connection.ts';
import { CATALOGUE, CATALOGUE_DIGEST } from './expected-catalogue.ts';
import { SETTLED } from '../read/followers.ts';
import { query } from '../server/statement-batch.ts';
import { assertServer, greet, SERVER } from '../server/connection-pool.ts';
import { FIRST, reading, readingRow, TIMEOUTS, together } from '../server/transactions.ts';

/*
 * What the schema `orchestrator` is made of, as the server's catalogue tells it: every table, column, index, check,
 * key, trigger, rule, policy, function and sequence. A trigger that our migrations did not make can change what a
 * statement does, and a view in the place of a table can run code with the rights of the login that reads it. So
 * nothing of the schema is used before all of it was compared with what this version expects.
 */

/**
 * Differs by version: PostgreSQL 14 cannot say that a view reads with the rights of the login that uses it. A view has
 * no option there.
 */
const OPTIONS = `CASE WHEN c.relkind = 'v' AND current_setting('server_version_num')::int < 150000
  THEN coalesce(c.reloptions::text, '{security_invoker=true}') ELSE c.reloptions::text END`;
/**
 * Differs by version: before PostgreSQL 16, each column in the text of a view names its table. What is quoted counts as
 * it stands: group 1, which all else leaves empty.
 */
const VIEW_RULE = String.raw`regexp_replace(pg_get_ruledef(r.oid),
  '(''(?:[^'']|'''')*''|"(?:[^"]|"")*")|\m(?:${Object.keys(TABLES).join('|')})\.|\s', '\1', 'g')`;

/** The parts: each with its name, and a text that says all that matters of it. */
const PARTS = `
  SELECT format('table %s', c.relname) AS name, concat_ws(' ', c.relkind, c.relpersistence, c.relrowsecurity,
    c.relforcerowsecurity, ${OPTIONS}, (SELECT string_agg(concat_ws(' ', a.attname,
      format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, l.collname,
      pg_get_expr(d.adbin, d.adrelid)), ', ' ORDER BY a.attnum)
     FROM pg_attribute a LEFT JOIN pg_collation l ON l.oid = a.attcollation
     LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)) AS text
  FROM pg_class c, ours WHERE c.relnamespace = ours.oid AND c.relkind NOT IN ('i', 'I', 'S')
  UNION ALL
  SELECT format('index %s', c.relname), concat_ws(' ', pg_get_indexdef(c.oid), i.indisvalid, i.indisready)
  FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid, ours WHERE c.relnamespace = ours.oid
  UNION ALL
  SELECT format('sequence %s', c.relname), concat_ws(' ', format_type(q.seqtypid, NULL), q.seqincrement, q.seqmin,
    q.seqmax, q.seqcache, q.seqcycle)
  FROM pg_class c JOIN pg_sequence q ON q.seqrelid = c.oid, ours WHERE c.relnamespace = ours.oid
  UNION ALL
  SELECT format('constraint %s of %s', k.conname, c.relname),
    concat_ws(' ', pg_get_constraintdef(k.oid), k.convalidated)
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid, ours
  WHERE c.relnamespace = ours.oid AND k.contype IN ('c', 'f', 'p', 'u', 'x')
  UNION ALL
  SELECT format('trigger %s of %s', t.tgname, c.relname), concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid, ours
  WHERE c.relnamespace = ours.oid AND NOT t.tgisinternal AND NOT (
    t.tgname = 'shut' AND t.tgfoid = coalesce(to_regprocedure('orchestrator.refuse_work()')::oid, 0))
  UNION ALL
  SELECT format('rule %s of %s', r.rulename, c.relname),
    CASE WHEN c.relkind = 'v' THEN ${VIEW_RULE} ELSE pg_get_ruledef(r.oid) END
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class, ours WHERE c.relnamespace = ours.oid
  UNION ALL
  SELECT format('policy %s of %s', p.polname, c.relname), pg_get_expr(p.polqual, p.polrelid)
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid, ours WHERE c.relnamespace = ours.oid
  UNION ALL
  SELECT format('heir %s of %s', h.inhrelid::regclass, c.relname), ''
  FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhparent, ours WHERE c.relnamespace = ours.oid AND c.relkind = 'r'
  UNION ALL
  SELECT format('function %s', p.oid::regprocedure), concat_ws(' ', p.prosrc, pg_get_function_sqlbody(p.oid),
    l.lanname, p.prokind, p.prosecdef, p.provolatile, p.proconfig, format_type(p.prorettype, NULL))
  FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang, ours WHERE p.pronamespace = ours.oid
  UNION ALL
  SELECT format('type %s', t.typname), concat_ws(' ', t.typtype, format_type(t.typbasetype, t.typtypmod),
    (SELECT string_agg(pg_get_constraintdef(k.oid), ' ' ORDER BY k.conname)
     FROM pg_constraint k WHERE k.contypid = t.oid))
  FROM pg_type t, ours WHERE t.typnamespace = ours.oid AND t.typtype NOT IN ('c', 'b')
  UNION ALL
  SELECT format('operator %s', o.oid::regoperator), o.oprcode::text
  FROM pg_operator o, ours WHERE o.oprnamespace = ours.oid`;

const sha256 = (text: string): string => `encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`;
const WITH_PARTS = `WITH ours AS MATERIALIZED (SELECT n.oid FROM pg_namespace n WHERE n.nspname = 'orchestrator'),
  parts AS (SELECT p.name, left(${sha256('p.text')}, 16) AS digest FROM (${PARTS}) p)`;
const LINES = `string_agg(p.name || ' ' || p.digest, E'\\n' ORDER BY p.name COLLATE "C")`;
const DIGEST = `SELECT ${sha256(LINES)} FROM parts p`;
/** Whether the schema is there; the digest of its parts; whether its table `meta` is one that can be read safely. */
const LOOK = query(`${WITH_PARTS}
  SELECT EXISTS (SELECT 1 FROM ours), (${DIGEST}),
    EXISTS (SELECT 1 FROM pg_class c JOIN ours ON ours.oid = c.relnamespace
      WHERE c.relname = 'meta' AND c.relkind = 'r' AND NOT c.relrowsecurity AND NOT c.relhassubclass)`);
const LIST = query(`${WITH_PARTS} SELECT p.name, p.digest FROM parts p ORDER BY p.name COLLATE "C"`);
const META = query('SELECT m.key, m.value FROM orchestrator.meta m');
/** The same, and in each row what is settled; null: there are writers that have not ended. */
const META_AND_SETTLED = query(`SELECT m.key, m.value, s.last FROM orchestrator.meta m
  LEFT JOIN (${SETTLED}) s ON s.writers IS NULL`);

/** The parts of the schema by name, each with a digest of what it is. */
export async function readCatalogue(connection: Connection): Promise<Catalogue> {
  const [parts] = await reading(connection, [LIST], TIMEOUTS.answer_ms);
  return new Map(pairsOf(parts));
}

/** What a database holds. */
export interface Look {
  /** How many migrations were applied to it; 0: there is nothing of ours. */
  readonly version: number;
  /** As it is stored; null: there is none, so the store is open, or it is of another version. */
  readonly state: string | null;
  /** The id of an event up to which all was settled; null: it was not asked for, or cannot be told at once. */
  readonly settled: number | null;
}

/**
 * Looks at a database before anything of it is used.
 *
 * @param known how many migrations this version has; a schema of so many has to be just as they make it
 * @throws `STORE_ALTERED`, which names what is more, less or other than it should be
 */
export async function lookAt(connection: Connection, known: number): Promise<Look> {
  const look = await readingRow(connection, LOOK);
  const [isThere, digest, metaIsSafe] = look as [boolean, string | null, boolean];
  if (!isThere) return { version: 0, state: null, settled: null };
  const meta = new Map(metaIsSafe ? await readMeta(connection) : []);
  const version = Number(meta.get('schema') ?? known);
  const isOther = Number.isSafeInteger(version) && version > 0 && version !== known;
  if (isOther) return { version, state: null, settled: null };
  if (digest !== CATALOGUE_DIGEST) assertExpected(await readCatalogue(connection));
  return { version, state: meta.get('state') ?? null, settled: null };
}

async function readMeta(connection: Connection): Promise<[key: string, value: string][]> {
  const [rows] = await reading(connection, [META], TIMEOUTS.answer_ms);
  return pairsOf(rows);
}

/** Rows of two texts. */
function pairsOf(rows: Answer | undefined): [key: string, value: string][] {
  return (rows ?? []).map(([key, value]) => [key as string, value as string]);
}

/** Fails unless the schema is as expected, so that what comes after it in the same message is not run. */
const GUARD = query(`${WITH_PARTS} SELECT 1 / ((${DIGEST}) IS NOT DISTINCT FROM '${CATALOGUE_DIGEST}')::int`);

/** Looks at a database on a connection that is new, in one message if all is as it should be. */
export async function firstLook(connection: Connection, known: number): Promise<Look> {
  const look = await lookTogether(connection, known);
  if (look !== null) return look;
  await greet(connection);
  return lookAt(connection, known);
}

/** The guard has failed, or the server is so old that it knows no such function. */
const UNEXPECTED = /^(22012|42883)$/;

async function lookTogether(connection: Connection, known: number): Promise<Look | null> {
  try {
    const asked = [query(FIRST.readAnd(SERVER)), GUARD, META_AND_SETTLED];
    const [server, , rows, ...others] = await together(connection, asked, TIMEOUTS.answer_ms);
    if (rows === undefined || others.length > 0) return null;
    assertServer(connection, server?.[0]);
    const meta = new Map(pairsOf(rows));
    const settled = rows[0]?.[2] as number | null;
    return Number(meta.get('schema')) === known ? { version: known, state: meta.get('state') ?? null, settled } : null;
  } catch (error) {
    if (UNEXPECTED.test(String((error as { code?: unknown }).code))) return null;
    throw error;
  }
}

/** Refuses what a migration has left, if it is not as this version expects. */
export async function assertAsExpected(connection: Connection): Promise<void> {
  const [parts] = await connection.flush([LIST], TIMEOUTS.answer_ms);
  assertExpected(new Map(pairsOf(parts)));
}

function assertExpected(found: Catalogue): void {
  assertSameCatalogue('this database', found, new Map(Object.entries(CATALOGUE)));
}
