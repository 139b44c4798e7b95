import serialize from 'canonicalize';
import type { Json, JsonText } from '../model/json.ts';

/** How `JSON.stringify` writes the first half of a lone surrogate. */
const SURROGATE_ESCAPE = String.raw`\ud`;

/**
 * The one text of a JSON value (RFC 8785: sorted keys, no white space), so that equal values have equal hashes.
 * Properties that are `undefined` are left out.
 *
 * `JSON.stringify` writes numbers and texts as RFC 8785 does, in native code, but keeps the order of the keys. So it
 * writes a copy with sorted keys, in half the time of the library; a plain row of values whose keys are sorted already
 * needs no copy. The library writes the few values that have no such copy, and refuses what is not JSON.
 */
export function canonicalize(value: Json): JsonText {
  const sorted = withSortedKeys(value);
  if (sorted !== undefined) {
    const text = JSON.stringify(sorted);
    // A lone surrogate, which is not JSON, comes out as this escape. So does a text that has it as it is.
    if (!text.includes(SURROGATE_ESCAPE)) return text;
  }
  // The library answers undefined only for what is not JSON, and the type rules that out.
  return serialize(value) as JsonText;
}

/** What `JSON.stringify` writes in the order of its keys: the value or a copy; undefined: there is none. */
function withSortedKeys(value: Json): Json | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'object' || value === null) return value;
  return isList(value) ? withSortedItems(value) : withSortedProperties(value);
}

function withSortedItems(list: readonly Json[]): Json | undefined {
  const copy: Json[] = [];
  for (const item of list) {
    const sorted = withSortedKeys(item);
    if (sorted === undefined) return undefined;
    copy.push(sorted);
  }
  return copy;
}

function withSortedProperties(value: { readonly [key: string]: Json | undefined }): Json | undefined {
  const keys = Object.keys(value);
  if (isPlainRow(value, keys)) return value;
  const copy: { [key: string]: Json } = {};
  for (const key of keys.toSorted()) {
    const item = value[key];
    if (item === undefined) continue;
    const sorted = isPlaced(key) ? undefined : withSortedKeys(item);
    if (sorted === undefined) return undefined;
    copy[key] = sorted;
  }
  return copy;
}

/** Whether an object has its keys in order, and only values in which nothing is to be sorted. */
function isPlainRow(value: { readonly [key: string]: Json | undefined }, keys: readonly string[]): boolean {
  let before = '';
  for (const key of keys) {
    const item = value[key];
    if (key < before || (typeof item === 'object' && item !== null)) return false;
    if (typeof item === 'number' && !Number.isFinite(item)) return false;
    before = key;
  }
  return true;
}

/** Whether an object has a place of its own for the key, whenever it is set: numbers come first, in their order. */
function isPlaced(key: string): boolean {
  return key === '__proto__' || STARTS_WITH_DIGIT.test(key);
}

const STARTS_WITH_DIGIT = /^\d/;

/** `Array.isArray` alone leaves a readonly array among the objects. */
function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
