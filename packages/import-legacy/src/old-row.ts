import { fields, LIMITS, type Json } from '@agent-orchestrator/core';
import type { Changes, LegacyChangeKind } from './changes.ts';
import { jsonFrom } from './old-json.ts';
import { nameFrom } from './names.ts';
import { storableText, textOf, timeFrom, type OldCells, type OldValue } from './old-value.ts';

const payload = fields.json(LIMITS.payload_bytes_max);

/** Reads the columns of one old row as values of a store; each change is recorded for the report. */
export class OldRow {
  readonly #table: string;
  readonly #id: string;
  readonly #cells: OldCells;
  readonly #changes: Changes;
  readonly #now: number;

  constructor(
    table: string,
    id: OldValue | undefined,
    cells: OldCells,
    on: { readonly changes: Changes; readonly now: number },
  ) {
    this.#table = table;
    this.#id = textOf(id) ?? '';
    this.#cells = cells;
    this.#changes = on.changes;
    this.#now = on.now;
  }

  note(kind: LegacyChangeKind, column: string | null = null, becomes: string | null = null): void {
    const was = column === null ? null : this.raw(column);
    this.#changes.add(kind, { table: this.#table, row: this.#id, column, was, becomes });
  }

  /** Records the change of an id or a name, if it changes. */
  noteId(column: string, becomes: string): void {
    const was = this.raw(column);
    if (was !== becomes) this.note(was?.normalize('NFC') === becomes ? 'id_normalized' : 'id_changed', column, becomes);
  }

  /** The unchanged text, for comparisons. */
  raw(column: string): string | null {
    return textOf(this.#cells[column]);
  }

  text(column: string, charactersMax: number): string | null {
    const raw = this.raw(column);
    if (raw === null) return null;
    const text = storableText(raw);
    if (text !== raw) this.note('text_cleaned', column, text);
    if (text.length <= charactersMax) return text;
    const cut = text.slice(0, charactersMax).toWellFormed();
    this.note('text_cut', column, cut);
    return cut;
  }

  /** The name of an agent, a kind, a namespace. */
  name(column: string): string | null {
    const raw = this.raw(column);
    if (raw === null || raw === '') return null;
    const name = nameFrom(raw);
    this.noteId(column, name);
    return name;
  }

  integer(column: string, { min, max, otherwise }: { min: number; max: number; otherwise: number }): number {
    const value = this.#cells[column];
    if (value === undefined || value === null) return otherwise;
    const number = Number(value instanceof Uint8Array ? Number.NaN : value);
    const fitting = Number.isNaN(number) ? otherwise : Math.min(Math.max(Math.trunc(number), min), max);
    if (fitting !== number) this.note('number_changed', column, String(fitting));
    return fitting;
  }

  /** A time in the past, in milliseconds; null if there is none or it cannot be read. */
  past(column: string): number | null {
    const time = this.time(column);
    if (time === null || time <= this.#now) return time;
    this.note('time_in_future', column, new Date(this.#now).toISOString());
    return this.#now;
  }

  /** A time, in milliseconds; null if there is none or it cannot be read. */
  time(column: string): number | null {
    const raw = this.raw(column);
    if (raw === null) return null;
    const time = timeFrom(raw);
    if (time === null) this.note('time_unreadable', column);
    return time;
  }

  json(column: string): Json {
    const raw = this.raw(column);
    if (raw === null) return {};
    const value = this.#cells[column] instanceof Uint8Array ? undefined : jsonFrom(raw);
    if (value === undefined) {
      this.note('json_as_text', column, JSON.stringify(raw));
      return this.text(column, Number.POSITIVE_INFINITY);
    }
    if (!payload.safeParse(value).success) this.note('content_over_limit', column);
    return value;
  }

  /** All columns: `payload` as JSON, all others unchanged. */
  asJson(): { [column: string]: Json } {
    const columns = Object.keys(this.#cells).map((column): [string, Json] => [
      storableText(column),
      column === 'payload' ? this.json(column) : this.#plain(column),
    ]);
    return Object.fromEntries(columns);
  }

  #plain(column: string): Json {
    const value = this.#cells[column];
    return typeof value === 'number' && Number.isFinite(value) ? value : this.text(column, Number.POSITIVE_INFINITY);
  }
}
