/*
 * What a table is made of, as data. `tables.ts` has the tables; `../schemas/` makes the schema of each engine of them.
 */

export type Engine = 'sqlite' | 'postgres';

/** Kinds of columns that hold a number: up to 31 bits, or whatever a number of JavaScript holds. */
type NumberKind = 'integer' | 'big';

/**
 * Kinds of columns that hold a text of the API.
 *
 * Differs: SQLite keeps a hash and a UUID as bytes, and names a namespace, a session or a task by its number, so that
 * rows and indexes are small. Postgres keeps the text of the API. `stream` is the id of a stream's owner; SQLite keeps
 * none for a session's stream.
 */
type TextKind = 'text' | 'json' | 'object' | 'hash' | 'uuid' | 'namespace' | 'session' | 'task' | 'stream';

export type Kind = NumberKind | TextKind;

export interface Column {
  readonly kind: Kind;
  /** Whether it may be null. */
  readonly isNullable: boolean;
  /** The least value of a number; 0 if nothing is said. */
  readonly least?: number;
  /** Differs: only this engine stores it; the other finds it out. */
  readonly only?: Engine;
}

/** The columns of rows of the API, under the names that core gives their fields. */
export type ColumnsOf<Row, Names extends Readonly<Record<keyof Row & string, string>>> = {
  readonly [Field in keyof Row & string as Names[Field]]: Column & {
    readonly kind: Exclude<Row[Field], null> extends number ? NumberKind : TextKind;
    readonly isNullable: null extends Row[Field] ? true : false;
  };
};

/** What the conditions of a table say in each engine's own words. */
export interface CheckWords {
  /** None of the columns is null. */
  readonly allSet: (columns: readonly string[]) => string;
  /** Each of the columns is null. */
  readonly noneSet: (columns: readonly string[]) => string;
  /** The column has one of some words. */
  readonly oneOf: (column: string, words: readonly string[]) => string;
  /** None of the numbers is less than the column may hold, or more than JavaScript holds exactly. */
  readonly inRange: (columns: readonly string[]) => string;
}

/** A condition that each row meets. SQLite looks only at those that name a changed column. */
export type Check = string | ((words: CheckWords) => string) | Readonly<Record<Engine, string>>;

interface Index {
  readonly name: string;
  readonly columns: readonly string[];
  readonly isUnique?: boolean;
  /** Which rows it has; all if there is none. */
  readonly condition?: string;
  /**
   * Differs: Postgres has no INDEXED BY. A statement names its index by a condition that holds for every row and that
   * no other statement says: without statistics, as in a database that was empty a minute ago, all indexes that fit
   * look alike to the planner, and it keeps the plan it made.
   */
  readonly namedBy?: string;
  /** Differs: only this engine has it; what the other does instead is said where the index is stated. */
  readonly only?: Engine;
}

/** The columns that name a row of another table, in the order of its key. */
interface Reference {
  readonly name: string;
  readonly columns: readonly string[];
  readonly table: 'tasks' | 'dependencies';
}

export interface Table {
  readonly columns: Readonly<Record<string, Column>>;
  /** What names a row. Differs: in SQLite, the key of a table with a column `number` is the number. */
  readonly key: readonly string[];
  readonly checks: Readonly<Record<string, Check>>;
  /** Differs: each command writes it, so in Postgres a trigger looks at its checks (`../schemas/broken-check.ts`). */
  readonly isWrittenOften?: true;
  /** Rows of other tables that must be there, by their keys. Missing: those that follow from the kinds of columns. */
  readonly references?: readonly Reference[];
  readonly indexes: readonly Index[];
}

/** The name of a column in an engine: what holds a number in SQLite is not called an id. */
export function columnName(engine: Engine, name: string, { kind }: Column): string {
  return engine === 'sqlite' && (kind === 'session' || kind === 'task') ? kind : name;
}

/** Whether it holds JSON, of any kind. */
export function holdsJson({ kind }: Column): boolean {
  return kind === 'json' || kind === 'object';
}

/** The columns that an engine stores, by the names that core gives them. */
export function storedColumns(engine: Engine, { columns }: Table): readonly (readonly [name: string, Column])[] {
  return Object.entries(columns).filter(([, { only }]) => only === undefined || only === engine);
}
