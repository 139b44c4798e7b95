/*
 * What travels to the server, and how lists do: there as an array in the server's own words, back as JSON. Both mark
 * where a text begins and ends, so no character can split it. A row that `verify` distrusts may hold any.
 */

/** What a column of a row may hold. */
export type Cell = string | number | null;

/** What a parameter may be: a list goes as an array. */
export type Value = Cell | readonly Cell[];

export function isList(value: Value): value is readonly Cell[] {
  return Array.isArray(value);
}

/** An array as the server writes it. The connection makes it of each parameter that is a list. */
export function arrayText(cells: readonly Cell[]): string {
  return `{${cells.map(element).join()}}`;
}

function element(cell: Cell): string {
  if (cell === null) return 'NULL';
  return typeof cell === 'number' ? String(cell) : `"${cell.replace(/["\\]/g, '\\$&')}"`;
}

/**
 * A parameter or a setting that holds an array. It is of type text until then: an array of unknown length, joined to a
 * table, makes the planner scan it, `= ANY` of an expression does not.
 */
export const arrayOf = (text: string, type: 'text' | 'bigint' = 'text'): string => `(${text}::text::${type}[])`;

/** An array of a setting of the transaction; empty until it is set. */
export const arrayOfSetting = (name: string): string =>
  arrayOf(`coalesce(nullif(current_setting('${name}', true), ''), '{}')`);

/** Keeps an array in a setting of the transaction. */
export const keepArray = (name: string, array: string): string =>
  `set_config('${name}', coalesce(${array}, '{}')::text, true)`;

/** A list of texts as an answer: JSON, or nothing if it is empty. */
export function listIn(answer: unknown): readonly string[] {
  return (answer ?? []) as readonly string[];
}
