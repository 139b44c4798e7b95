import { snakeCase } from '@agent-orchestrator/core/snake-case';
import { printableJson } from '../text/printable.ts';

export { snakeCase };

/** The version of the format of all documents. */
const SCHEMA_VERSION = 1;

/**
 * What users put in is not changed, whatever its keys. Payloads of events are not either: they were hashed like this.
 */
const OPAQUE: ReadonlySet<string> = new Set(['payload', 'result', 'progress', 'data']);

/**
 * A record of the API as JSON: `camelCase` keys become `snake_case`, and times (whose names end in `At`, or are `at` or
 * `until`) ISO-8601 in UTC. A number that is no time, as a forged row can have, stays a number. Every document is made
 * by this function.
 */
export function toJson(value: unknown, key = ''): unknown {
  if (typeof value === 'number') return isTime(key) ? timeOf(value) : value;
  if (Array.isArray(value)) return value.map((item) => toJson(item, key));
  if (typeof value !== 'object' || value === null || OPAQUE.has(key)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [snakeCase(name), toJson(item, name)]));
}

function timeOf(value: number): string | number {
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? value : date.toISOString();
}

function isTime(key: string): boolean {
  return key.endsWith('At') || key === 'at' || key === 'until';
}

/** One document on one line. `data` comes before `meta`, so that a reader sees the answer first. */
export function document(
  kind: string,
  { meta, ...body }: ({ readonly data: unknown } | { readonly error: object }) & { readonly meta?: object },
): string {
  const said = 'error' in body ? { error: toJson(body.error) } : { data: toJson(body.data) };
  const content = { ...said, ...(meta && { meta: toJson(meta) }) };
  return printableJson(JSON.stringify({ schema_version: SCHEMA_VERSION, kind, ...content }));
}
