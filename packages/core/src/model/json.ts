import { LIMITS } from './limits.ts';
import { isStorableText, utf8Bytes } from './text.ts';

/** Any JSON value. A property that is `undefined` counts as absent. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** The canonical JSON text (RFC 8785) of a value, as it is stored and hashed. */
export type JsonText = string;

/** What is wrong with a value that should be JSON, and where in it. */
export interface JsonProblem {
  readonly path: readonly (string | number)[];
  readonly problem: string;
  readonly code: 'INVALID_INPUT' | 'LIMIT_EXCEEDED';
}

/** The value of a stored text. This library wrote the text, so it is trusted to parse. */
export function fromJsonText(text: JsonText): Json {
  return JSON.parse(text) as Json;
}

/**
 * Whether a value from outside can be stored as JSON of at most `bytesMax` UTF-8 bytes.
 *
 * @returns the first problem, or null
 */
export function findJsonProblem(value: unknown, bytesMax: number): JsonProblem | null {
  const problem = findShapeProblem(value, 0);
  if (problem !== null) return problem;
  const bytes = bytesOf(JSON.stringify(value), bytesMax);
  return bytes > bytesMax
    ? { path: [], problem: `is ${bytes} bytes of JSON, the limit is ${bytesMax}`, code: 'LIMIT_EXCEEDED' }
    : null;
}

function bytesOf(text: string, bytesMax: number): number {
  // A UTF-16 unit takes at most three bytes, so a small text needs no encoding to be known as small.
  return text.length * 3 <= bytesMax ? text.length : utf8Bytes(text);
}

/** @param depth how many arrays and objects the value is nested in */
function findShapeProblem(value: unknown, depth: number): JsonProblem | null {
  if (value === null || typeof value === 'boolean') return null;
  if (typeof value === 'number') return Number.isFinite(value) ? null : notJson('is not a finite number');
  if (typeof value === 'string') return isStorableText(value) ? null : notJson('contains U+0000 or a lone surrogate');
  if (depth >= LIMITS.json_depth_max)
    return { path: [], problem: `is nested deeper than ${LIMITS.json_depth_max} levels`, code: 'LIMIT_EXCEEDED' };
  if (Array.isArray(value)) return firstProblem(value.entries(), depth);
  if (!isPlainObject(value))
    return notJson('is not JSON: use null, booleans, numbers, strings, arrays and plain objects');
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  if (!entries.every(([key]) => isStorableText(key))) return notJson('has a key with U+0000 or a lone surrogate');
  return firstProblem(entries, depth);
}

function firstProblem(entries: Iterable<readonly [string | number, unknown]>, depth: number): JsonProblem | null {
  for (const [key, item] of entries) {
    const found = findShapeProblem(item, depth + 1);
    if (found !== null) return { ...found, path: [key, ...found.path] };
  }
  return null;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function notJson(problem: string): JsonProblem {
  return { path: [], problem, code: 'INVALID_INPUT' };
}

/** A copy of what was checked to be JSON. It may be a proxy, which `structuredClone` does not take. */
export function jsonCopyOf<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}
