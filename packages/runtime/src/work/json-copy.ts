import { LIMITS, type Json } from '@agent-orchestrator/core';

/** In the place of what is no JSON: the API refuses it, and names where it stands. */
const NOT_JSON = Symbol('not JSON') as unknown as Json;

/**
 * Copies a value that a handler gave, and reads each part of it once. A getter or a proxy may answer otherwise the next
 * time, and what was checked would not be what is stored. What is no JSON stays none.
 *
 * @throws what a getter or a proxy throws; an error where there are more values than any limit allows
 */
export function jsonCopy(value: unknown): Json {
  let values = 0;
  const copy = (one: unknown, depth: number): Json => {
    values += 1;
    if (values > LIMITS.result_bytes_max) throw new Error(`There are more than ${LIMITS.result_bytes_max} values.`);
    if (one === null || typeof one === 'boolean' || typeof one === 'number' || typeof one === 'string') return one;
    if (typeof one !== 'object') return NOT_JSON;
    // The API refuses any array or object at this depth.
    if (depth >= LIMITS.json_depth_max) return [];
    if (Array.isArray(one)) return Array.from(one, (item) => copy(item, depth + 1));
    const prototype: unknown = Object.getPrototypeOf(one);
    if (prototype !== Object.prototype && prototype !== null) return NOT_JSON;
    const entries = Object.entries(one).filter(([, item]) => item !== undefined);
    return Object.fromEntries(entries.map(([key, item]) => [key, copy(item, depth + 1)]));
  };
  return copy(value, 0);
}
