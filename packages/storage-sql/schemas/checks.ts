import { isInList, isOneOf } from '../src/conditions.ts';
import {
  columnName,
  holdsJson,
  storedColumns,
  type Check,
  type CheckWords,
  type Engine,
  type Table,
} from '../src/table.ts';

/*
 * The CHECKs of a table in the words of an engine: those that the table states, and those that follow from what its
 * columns hold.
 */

/** An engine holds 64 bits. One beyond JavaScript's safe integers would come back as another fence or time. */
const SAFE = Number.MAX_SAFE_INTEGER;

const joined = (conditions: readonly string[]): string => conditions.join(' AND ');

const WORDS = {
  sqlite: {
    allSet: (columns: readonly string[]) => joined(columns.map((name) => `${name} IS NOT NULL`)),
    noneSet: (columns: readonly string[]) => `coalesce(${columns.join(', ')}) IS NULL`,
    oneOf: isOneOf,
  },
  /** Differs: these are the quickest to parse. */
  postgres: {
    allSet: (columns: readonly string[]) => `num_nulls(${columns.join(', ')}) = 0`,
    noneSet: (columns: readonly string[]) => `num_nonnulls(${columns.join(', ')}) = 0`,
    oneOf: isInList,
  },
};

/** How long what an engine keeps of a hash and of a UUID is: bytes in SQLite, digits in Postgres. */
const LENGTHS: Readonly<Record<Engine, Readonly<Record<string, number>>>> = {
  sqlite: { hash: 32, uuid: 16 },
  postgres: { hash: 64 },
};

export function checksOf(engine: Engine, name: string, table: Table): Readonly<Record<string, string>> {
  const words: CheckWords = {
    ...WORDS[engine],
    inRange: (columns) => joined(columns.map((one) => inRange(engine, one, table.columns[one]))),
  };
  const inWords = (check: Check): string => {
    if (typeof check === 'string') return check;
    return typeof check === 'function' ? check(words) : check[engine];
  };
  const stated = Object.entries(table.checks).map(([of, check]) => [of, inWords(check)]);
  return { ...Object.fromEntries(stated), ...lengths(engine, name, table), ...jsonTexts(engine, name, table) };
}

/**
 * Differs: a column of 31 bits in Postgres holds nothing that is too large. And there, a restored dump would write a
 * BETWEEN before another condition in another way, so that it would look like an altered store.
 */
function inRange(engine: Engine, name: string, column: Table['columns'][string] | undefined): string {
  if (column === undefined) throw new Error(`There is no column ${name}.`);
  const { kind, least = 0 } = column;
  if (engine === 'sqlite') return `${name} BETWEEN ${least} AND ${SAFE}`;
  return kind === 'integer' ? `${name} >= ${least}` : `${name} >= ${least} AND ${name} <= ${SAFE}`;
}

function lengths(engine: Engine, name: string, table: Table): Readonly<Record<string, string>> {
  const conditions = storedColumns(engine, table).flatMap(([column, { kind }]) => {
    const length = LENGTHS[engine][kind];
    return length === undefined ? [] : [`length(${column}) = ${length}`];
  });
  return conditions.length === 0 ? {} : { [`${name}_lengths`]: joined(conditions) };
}

/** Differs: in Postgres the type of the column says it. */
function jsonTexts(engine: Engine, name: string, table: Table): Readonly<Record<string, string>> {
  if (engine === 'postgres') return {};
  const texts = storedColumns(engine, table).filter(([, column]) => holdsJson(column));
  return Object.fromEntries(texts.map(([column]) => [`${name}_${column}`, `json_valid(${column})`]));
}

/** The columns of an index or a key, as the engine names them. */
export function namesIn(engine: Engine, table: Table, columns: readonly string[]): readonly string[] {
  return columns.map((name) => {
    const column = table.columns[name];
    if (column === undefined) throw new Error(`There is no column ${name}.`);
    return columnName(engine, name, column);
  });
}
