import { isStorableText, LIMITS, type Json } from '@agent-orchestrator/core';
import { CUT, wellFormed } from './storable-text.ts';
import { thrownMessage } from './thrown.ts';

/** A copy that is JSON. */
export interface JsonCopy {
  readonly json: Json;
  /** The first part that is no JSON, and why, as sentences; null: all of it is JSON. */
  readonly problem: string | null;
}

/*
 * The copy is bounded: of a value that has more in it, no store takes all. One array of so many items is too large for
 * any limit. All together may be more, so that what stands behind such an array is still read.
 */
const ITEMS_MAX = LIMITS.result_bytes_max / 2;
const VALUES_MAX = 2 * ITEMS_MAX;
const CHARACTERS_MAX = 16 * LIMITS.result_bytes_max;
/** Texts up to here are read even then. */
const SHORT_CHARACTERS = 100;

/**
 * Copies a value that a handler gave, and reads each part of it once. A getter or a proxy may answer otherwise the next
 * time, and what was checked would not be what is stored. A part that is no JSON is null in the copy. In texts and
 * keys, characters that no store takes are replaced.
 *
 * @param name of the value in the problem
 */
export function jsonCopy(value: unknown, name: string): JsonCopy {
  const copying = new Copying(name);
  const json = copying.copy(value);
  return { json, problem: copying.problem };
}

class Copying {
  readonly #path: (string | number)[];
  readonly #above = new Set<object>();
  /** Stand for parts that threw when they were read: what was thrown. */
  readonly #unread = new Map<object, unknown>();
  #values = 0;
  #characters = 0;
  #first: string | null = null;
  #problems = 0;

  constructor(name: string) {
    this.#path = [name];
  }

  get problem(): string | null {
    if (this.#problems < 2) return this.#first;
    return `${this.#first} ${this.#problems - 1} more of its parts could not be stored.`;
  }

  copy(one: unknown): Json {
    if (one === null || typeof one === 'boolean') return one;
    if (typeof one === 'number') return Number.isFinite(one) ? one : this.#none('is not a finite number');
    if (typeof one === 'string') return this.#text(one);
    if (typeof one !== 'object')
      return this.#none('is not JSON: use null, booleans, numbers, strings, arrays and plain objects');
    if (this.#unread.has(one)) return this.#none(`cannot be read: ${thrownMessage(this.#unread.get(one))}`);
    if (this.#above.has(one)) return this.#none('contains itself');
    if (this.#path.length > LIMITS.json_depth_max)
      return this.#none(`is nested deeper than ${LIMITS.json_depth_max} levels`);
    if (this.#values >= VALUES_MAX || this.#characters >= 4 * CHARACTERS_MAX)
      return this.#none('stands behind more values than can be stored');
    this.#above.add(one);
    try {
      return this.#parts(one);
    } catch (error) {
      return this.#none(`cannot be read: ${thrownMessage(error)}`);
    } finally {
      this.#above.delete(one);
    }
  }

  /** All parts are read before one is copied: those beside a part without an end are not lost. */
  #parts(one: object): Json {
    if (Array.isArray(one)) {
      const items = Array.from({ length: this.#bounded(one.length) }, (_, at) => this.#read(one, at));
      return items.map((item, at) => this.#at(at, item));
    }
    const prototype: unknown = Object.getPrototypeOf(one);
    if (prototype !== Object.prototype && prototype !== null)
      return this.#none('is not JSON: use null, booleans, numbers, strings, arrays and plain objects');
    const keys = Object.keys(one);
    const entries = keys.slice(0, this.#bounded(keys.length)).map((key) => [key, this.#read(one, key)] as const);
    return Object.fromEntries(
      entries.filter(([, item]) => item !== undefined).map(([key, item]) => [this.#key(key), this.#at(key, item)]),
    );
  }

  #bounded(length: number): number {
    const bounded = Math.min(length, ITEMS_MAX);
    if (bounded < length) this.#none(`has ${length} parts, of which ${bounded} were read`);
    this.#values += bounded;
    return bounded;
  }

  #read(one: object, key: string | number): unknown {
    try {
      return (one as Readonly<Record<string | number, unknown>>)[key];
    } catch (error) {
      const unread = {};
      this.#unread.set(unread, error);
      return unread;
    }
  }

  #at(key: string | number, item: unknown): Json {
    this.#path.push(key);
    const copy = this.copy(item);
    this.#path.pop();
    return copy;
  }

  #key(key: string): string {
    this.#characters += key.length;
    if (!isStorableText(key)) this.#none('has a key with U+0000 or a lone surrogate');
    return wellFormed(key);
  }

  #text(text: string): string {
    const room = Math.max(CHARACTERS_MAX - this.#characters, SHORT_CHARACTERS);
    const read = text.length <= room ? text : `${text.slice(0, room)}${CUT}`;
    this.#characters += read.length;
    if (read !== text) this.#none(`has ${text.length} characters, of which ${room} were read`);
    else if (!isStorableText(text)) this.#none('contains U+0000 or a lone surrogate');
    return wellFormed(read);
  }

  #none(problem: string): null {
    this.#problems += 1;
    this.#first ??= `${this.#path.join('.')} ${problem}.`;
    return null;
  }
}
