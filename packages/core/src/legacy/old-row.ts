import { sha256 } from '../model/sha256.ts';
import * as field from '../model/fields.ts';
import { findJsonProblem, type Json } from '../model/json.ts';
import { isStorableText } from '../model/text.ts';
import { LIMITS } from '../model/limits.ts';
import type { LegacyChangeKind, LegacyNotes } from './notes.ts';

/** What may stand in a column: old tables did not insist on types. */
export type LegacyValue = string | number | bigint | Uint8Array | null;

/** A row by the names of its columns; a column that its table never had is missing. */
export type LegacyRow = Readonly<Record<string, LegacyValue>>;

/** A row, and what tells it from all others of its table whatever its id looks like: type and bytes of the id. */
export interface LegacyRecord {
  readonly key: string;
  readonly row: LegacyRow;
}

/** Reads the columns of one old row as what they mean here; whatever has to change on the way is noted. */
export class OldRow {
  readonly #table: string;
  readonly #id: string;
  readonly #row: LegacyRow;
  readonly #notes: LegacyNotes;
  readonly #now: number;

  constructor(
    table: string,
    id: LegacyValue | undefined,
    row: LegacyRow,
    on: { readonly notes: LegacyNotes; readonly now: number },
  ) {
    this.#table = table;
    this.#id = plainText(id) ?? '';
    this.#row = row;
    this.#notes = on.notes;
    this.#now = on.now;
  }

  note(kind: LegacyChangeKind, column: string | null = null, becomes: string | null = null): void {
    const was = column === null ? null : plainText(this.#row[column]);
    this.#notes.add(kind, { table: this.#table, row: this.#id, column, was, becomes });
  }

  /** As it stands, for comparisons. */
  raw(column: string): string | null {
    return plainText(this.#row[column]);
  }

  text(column: string, charactersMax: number): string | null {
    const raw = this.raw(column);
    if (raw === null) return null;
    const text = storable(raw);
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
    if (field.name.safeParse(raw).success) return raw;
    const name = withDigest(raw.replaceAll(/[^A-Za-z0-9._@+-]/g, '_'), raw);
    this.note('id_changed', column, name);
    return name;
  }

  /** @param key what the digest is made from: two ids may look the same and not be */
  id(column: string, key: string): string {
    const id = fittingId(this.#row[column], key);
    if (id !== this.#row[column]) this.note('id_changed', column, id);
    return id;
  }

  integer(column: string, { min, max, otherwise }: { min: number; max: number; otherwise: number }): number {
    const value = this.#row[column];
    if (value === undefined || value === null) return otherwise;
    const number = Number(value instanceof Uint8Array ? Number.NaN : value);
    const fitting = Number.isNaN(number) ? otherwise : Math.min(Math.max(Math.trunc(number), min), max);
    if (fitting !== number) this.note('number_changed', column, String(fitting));
    return fitting;
  }

  /** A time that is over, in milliseconds; null if there is none or it cannot be read. */
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
    const value = this.#row[column] instanceof Uint8Array ? undefined : jsonFrom(raw);
    if (value === undefined) {
      this.note('json_as_text', column, JSON.stringify(raw));
      return this.text(column, Number.POSITIVE_INFINITY);
    }
    if (findJsonProblem(value, LIMITS.payload_bytes_max) !== null) this.note('content_over_limit', column);
    return value;
  }

  /** All columns: `payload` as the JSON that it is, everything else as it stands. */
  asJson(): { [column: string]: Json } {
    const columns = Object.keys(this.#row).map((column): [string, Json] => [
      storable(column),
      column === 'payload' ? this.json(column) : this.#plain(column),
    ]);
    return Object.fromEntries(columns);
  }

  #plain(column: string): Json {
    const value = this.#row[column];
    return typeof value === 'number' && Number.isFinite(value) ? value : this.text(column, Number.POSITIVE_INFINITY);
  }
}

/** The id that stands for an old one: itself where it may, else what is left of it and a digest of its key. */
export function fittingId(value: LegacyValue | undefined, key: string): string {
  // Bytes that are no text are read as U+FFFD, so two ids with it may look the same.
  const isItself = field.id.safeParse(value).success && !String(value).includes('\ufffd');
  if (isItself) return value as string;
  return withDigest((plainText(value) ?? '').replaceAll(/[^A-Za-z0-9._@+:/#-]/g, '_'), key);
}

const DIGEST_CHARACTERS = 12;

function withDigest(characters: string, key: string): string {
  const start = characters.slice(0, LIMITS.id_characters_max - DIGEST_CHARACTERS - 1).replace(/^[^A-Za-z0-9_]/, '_');
  return `${start === '' ? '_' : start}-${sha256(key).slice(0, DIGEST_CHARACTERS)}`;
}

function plainText(value: LegacyValue | undefined): string | null {
  if (value === undefined || value === null) return null;
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);
}

function storable(text: string): string {
  return isStorableText(text) ? text : text.toWellFormed().replaceAll('\u0000', '\ufffd');
}

/** ISO-8601 with a zone, or as SQLite writes the present time, which is UTC. */
const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:?\d\d)?$/;

function timeFrom(text: string): number | null {
  const [, day, time, zone = 'Z'] = TIME.exec(text) ?? [];
  const parsed = Date.parse(`${day}T${time}${zone}`);
  return Number.isNaN(parsed) || parsed < 0 ? null : parsed;
}

/** @returns undefined for what is not JSON, or holds what cannot be stored */
function jsonFrom(text: string): Json | undefined {
  try {
    const value = JSON.parse(text) as Json;
    if (findJsonProblem(value, Number.MAX_SAFE_INTEGER) !== null || losesDigits(text)) return undefined;
    return value;
  } catch {
    return undefined;
  }
}

/** Whether a whole number in it is too large for a number of JavaScript. */
function losesDigits(text: string): boolean {
  let loses = false;
  if (!/\d{16}/.test(text)) return false;
  JSON.parse(text, (_key, value: unknown, at?: { readonly source?: string }) => {
    if (typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(at?.source ?? '')) loses = true;
    return value;
  });
  return loses;
}
