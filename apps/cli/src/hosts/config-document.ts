import { isDeepStrictEqual } from 'node:util';
import { Failure } from '../failure.ts';
import type { ConfigFile, ServerCommand } from './host.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * Parses a configuration file of a host, only to look at it: the host's own commands change it.
 *
 * @throws `HOST_CONFIG_INVALID`, naming the line
 */
export async function parseConfig({ path, format }: ConfigFile, { bytes }: Snapshot): Promise<unknown> {
  if (bytes === null) return {};
  const text = decoded(path, bytes);
  if (text.trim() === '') return {};
  try {
    return format === 'toml' ? await parseToml(text) : await parseJson(text, format);
  } catch (error) {
    if (!(error instanceof Misplaced)) throw error;
    throw invalid(path, `is not valid ${format === 'toml' ? 'TOML' : 'JSON'}: ${error.message}`, error);
  }
}

/** What is wrong, and in which line. The text of the line is not told: it may have a secret. */
class Misplaced extends Error {}

async function parseToml(text: string): Promise<unknown> {
  const { parse, TomlError } = await import('smol-toml');
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = ''] = error.message.replace(/^Invalid TOML document: /u, '').split('\n');
    throw new Misplaced(`line ${error.line}: ${what}`, { cause: error });
  }
}

/** Strict JSON is parsed by Node; the other library tells the line of an error better. */
async function parseJson(text: string, format: 'json' | 'json5'): Promise<unknown> {
  let line = '?';
  if (format === 'json')
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      line = /\(line (\d+) /u.exec((error as Error).message)?.[1] ?? line;
    }
  const JSON5 = (await import('json5')).default;
  let read: unknown;
  try {
    read = JSON5.parse<unknown>(text);
  } catch (error) {
    const { lineNumber, message } = error as Error & { lineNumber: number };
    throw new Misplaced(`line ${lineNumber}: ${message.replace(/^JSON5: | at \d+:\d+$/gu, '')}`, { cause: error });
  }
  if (format === 'json5') return read;
  throw new Misplaced(`line ${line}: a comment, a comma too much or quotes that this file may not have`);
}

/** A byte order mark is left out, as hosts do. */
function decoded(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw invalid(path, 'is not UTF-8', error);
  }
}

function invalid(path: string, what: string, cause: unknown): Failure {
  return new Failure('HOST_CONFIG_INVALID', `${path} ${what}. Nothing was changed.`, {
    hint: 'Correct the file; then try again.',
    cause,
  });
}

/** What a document has at a path of keys; undefined: nothing. */
export function valueIn(document: unknown, keys: readonly string[]): unknown {
  let at: unknown = document;
  for (const key of keys) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

/** The command of a server at a path of keys, or undefined; null: something that is no command. */
export function serverIn(document: unknown, keys: readonly string[]): ServerCommand | null | undefined {
  const at = valueIn(document, keys);
  if (at === undefined) return undefined;
  const { command, args = [] } = (at ?? {}) as { command?: unknown; args?: unknown };
  if (typeof command !== 'string' || !Array.isArray(args)) return null;
  return { command, args: args.map(String) };
}

/**
 * Whether two documents say the same, but for what is at some paths of keys, and for empty places, which a host makes
 * for an entry and leaves.
 */
export function sameExcept(paths: readonly (readonly string[])[], one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(without(one, paths), without(other, paths));
}

function without(value: unknown, paths: readonly (readonly string[])[]): unknown {
  if (Array.isArray(value)) return value.map((one) => without(one, []));
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const kept = Object.entries(value).flatMap(([name, one]) => {
    const below = paths.filter(([key]) => key === name).map(([, ...keys]) => keys);
    if (below.some(({ length }) => length === 0)) return [];
    const left = without(one, below);
    return isEmpty(left) ? [] : [[name, left] as const];
  });
  return Object.fromEntries(kept);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Date) && Object.keys(value).length === 0;
}
