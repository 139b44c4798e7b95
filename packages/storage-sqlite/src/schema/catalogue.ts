import Database from 'better-sqlite3';
import { isShut } from '@agent-orchestrator/core';
import { assertSameCatalogue, type Catalogue, type Migration } from '@agent-orchestrator/storage-sql';
import type { Connection } from '../connection.ts';
import { readStoreState, writeStoreState } from '../copy/store-state.ts';

/** A table, an index, a trigger or a view, with the statement that made it. */
interface Entry {
  readonly type: string;
  readonly name: string;
  readonly sql: string;
}

/**
 * What SQLite makes by itself has no statement, apart from two kinds of tables that change no answer: the statistics of
 * `ANALYZE`, and the last numbers of another program's tables, which stay when those tables are dropped.
 */
const CATALOGUE = `SELECT type, name, sql FROM sqlite_schema
  WHERE sql IS NOT NULL
    AND NOT (type = 'table' AND (name LIKE 'sqlite~_stat_' ESCAPE '~' OR name = 'sqlite_sequence'))`;
/** The triggers of a store that is shut (see `writeStoreState`). */
const SHUT = /^shut_/;
const MADE_BY = /^CREATE (?:UNIQUE )?(TABLE|INDEX|TRIGGER|VIEW) [`"]?(\w+)/;
/** Before a statement of a migration. */
const BEFORE = /^(?:\s+|--[^\n]*\n)+/;

/**
 * Refuses a store whose tables, indexes, triggers and views are not exactly those that its migrations make: one that
 * lacks the triggers that guard the log, say, or has another program's. Reads no table of the file before it is known
 * to be one of ours.
 *
 * @param migrations those that the file has seen
 * @throws `STORE_ALTERED`, with the names
 */
export function assertCatalogue(db: Connection, path: string, migrations: readonly Migration[]): void {
  const found = db.prepare<[], Entry>(CATALOGUE).all();
  if (isAsWritten(found, migrations) && !isShutNow(db)) return;
  const fresh = new Database(':memory:');
  try {
    for (const { statements } of migrations) for (const statement of statements) fresh.exec(statement);
    const expected = fresh.prepare<[], Entry>(CATALOGUE);
    const withoutShut = found.filter(({ name }) => !SHUT.test(name));
    assertSameCatalogue(path, named(withoutShut), named(expected.all()));
    writeStoreState(fresh, readStoreState(db));
    assertSameCatalogue(path, named(found), named(expected.all()));
  } finally {
    fresh.close();
  }
}

function isShutNow(db: Connection): boolean {
  const state = readStoreState(db);
  return state !== null && isShut(state);
}

/**
 * Whether the file has what the statements of the migrations say, word for word. That is so as long as each of them
 * creates something, since SQLite keeps their text; it spares most openings a database in memory to compare with.
 */
function isAsWritten(found: readonly Entry[], migrations: readonly Migration[]): boolean {
  const written = migrations.flatMap(({ statements }) => statements.map(bare));
  const texts = new Set(written);
  return found.length === written.length && found.every((entry) => texts.has(entry.sql) && isNamedAsMade(entry));
}

/** Without what SQLite does not keep of it. */
function bare(statement: string): string {
  const text = statement.replace(BEFORE, '').trimEnd();
  return text.endsWith(';') ? text.slice(0, -1) : text;
}

function isNamedAsMade({ type, name, sql }: Entry): boolean {
  const [, madeType, madeName] = MADE_BY.exec(sql) ?? [];
  return madeType?.toLowerCase() === type && madeName === name;
}

function named(entries: readonly Entry[]): Catalogue {
  return new Map(entries.map(({ type, name, sql }) => [`${type} ${name}`, sql]));
}
