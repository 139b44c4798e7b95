import { isStorableText } from '@agent-orchestrator/core';

/** A value of a column: the old tables did not enforce types. */
export type OldValue = string | number | bigint | Uint8Array | null;

/** A row by the names of its columns; a column that its table does not have is missing. */
export type OldCells = Readonly<Record<string, OldValue>>;

/** A row with a unique key: the type and bytes of its id. */
export interface OldRecord {
  readonly key: string;
  readonly cells: OldCells;
}

/** The value as text; null: there is no value. */
export function textOf(value: OldValue | undefined): string | null {
  if (value === undefined || value === null) return null;
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);
}

/** The text with U+FFFD for characters that our databases cannot store. */
export function storableText(text: string): string {
  return isStorableText(text) ? text : text.toWellFormed().replaceAll('\u0000', '\ufffd');
}

/** ISO-8601 with a zone, or the format in which SQLite writes the present time, which is UTC. */
const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:?\d\d)?$/;

/** @returns milliseconds since 1970; null: it cannot be read */
export function timeFrom(text: string): number | null {
  const [, day, time, zone = 'Z'] = TIME.exec(text) ?? [];
  const parsed = Date.parse(`${day}T${time}${zone}`);
  return Number.isNaN(parsed) || parsed < 0 ? null : parsed;
}
