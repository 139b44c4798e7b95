import { TABLES, type Table } from '@agent-orchestrator/storage-sql';

/*
 * Rows come back as arrays in the order of core's columns, several side by side in one row where a statement joins
 * them (a session with its tasks), and become what the API calls a Session, Task or Event by `rowAt`.
 */

/** The type of a column as a parameter. */
export function typeOf(table: keyof typeof TABLES, column: string): string {
  const { columns }: Table = TABLES[table];
  const kind = columns[column]?.kind;
  return kind === 'integer' ? 'integer' : kind === 'big' ? 'bigint' : 'text';
}

/** What follows SELECT. */
export function selected(columns: Readonly<Record<string, string>>, table: string): string {
  return Object.values(columns)
    .map((column) => `${table}.${column}`)
    .join(', ');
}

/** The row whose columns begin at `start`. */
export function rowAt<Row>(fields: readonly (keyof Row)[], values: readonly unknown[], start = 0): Row {
  const row: Partial<Record<keyof Row, unknown>> = {};
  for (const [index, field] of fields.entries()) row[field] = values[start + index];
  return row as Row;
}
