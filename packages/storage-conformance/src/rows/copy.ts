import {
  keyOfRow,
  TABLE_NAMES,
  type Row,
  type RowKey,
  type RowReader,
  type RowStore,
  type StoreState,
  type TableName,
} from '@agent-orchestrator/core';

/** All rows of a table, page by page. */
export async function rowsOf(reader: RowReader, table: TableName, limit = 500): Promise<Row[]> {
  const rows: Row[] = [];
  for (let after: RowKey = null; ;) {
    const page: readonly Row[] = await reader.rows(table, after, limit);
    const last = page.at(-1);
    if (last === undefined) return rows;
    rows.push(...page);
    after = keyOfRow(table, last);
  }
}

/** The rows of all tables. */
export async function allRows(reader: RowReader): Promise<Record<TableName, Row[]>> {
  const tables: Partial<Record<TableName, Row[]>> = {};
  for (const table of TABLE_NAMES) tables[table] = await rowsOf(reader, table);
  return tables as Record<TableName, Row[]>;
}

export interface CopyOptions {
  /** Rows in one page. */
  readonly limit?: number;
  /** Told after each page: what it throws cuts the copy off. */
  readonly onPage?: () => void;
}

/** Copies what is not there yet, as a move does: page by page, each after the greatest key of its table. */
export async function copyRows(
  source: RowReader,
  target: RowStore,
  state: StoreState,
  { limit = 500, onPage = () => {} }: CopyOptions = {},
): Promise<void> {
  for (const table of TABLE_NAMES)
    for (let after = await target.lastKey(table); ;) {
      const page = await source.rows(table, after, limit);
      const last = page.at(-1);
      if (last === undefined) break;
      await target.add(state, table, after, page);
      after = keyOfRow(table, last);
      onPage();
    }
}
