import { createReadStream } from 'node:fs';
import { pathOfArgument } from '@agent-orchestrator/runtime/path';
import { badContent } from '../failure.ts';

/** Far above the limits of the API, whose errors are better. This one only protects the memory. */
const BYTES_MAX = 16 * 1024 * 1024;

/** JSON from the value of a flag: the text itself, `@FILE`, or `-` for standard input. */
export async function readJson(flag: string, value: string | undefined): Promise<JsonInput> {
  if (value === undefined) return undefined;
  const text = isReference(value) ? await readAll(flag, value) : value;
  return parseJson(flag, text);
}

/** Any JSON; the API checks it. */
export type JsonInput = JsonValue | undefined;
type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

export function parseJson(name: string, text: string): JsonValue {
  let rounded: string | undefined;
  const noteRounded: Reviver = (_key, value, { source } = {}) => {
    if (typeof value === 'number' && isRounded(value, source)) rounded ??= source;
    return value;
  };
  try {
    const value = JSON.parse(text, noteRounded) as JsonValue;
    if (rounded === undefined) return value;
  } catch (error) {
    throw badContent(name, `is not JSON: ${(error as SyntaxError).message}`, error);
  }
  throw badContent(name, `contains the number ${rounded}, which would be rounded; write it as a string`);
}

/** The reviver of `JSON.parse`: for numbers and other primitives, it also gets their source text. */
type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown;

/** Whether a whole number loses digits: ids are often written as numbers. */
function isRounded(value: number, source = ''): boolean {
  return /^-?\d+$/.test(source) && (!Number.isFinite(value) || BigInt(source) !== BigInt(value));
}

/** The lines of a file, or of standard input for `-`, with their numbers. Empty lines are skipped. */
export async function* readLines(flag: string, file: string): AsyncGenerator<{ number: number; text: string }> {
  let number = 0;
  try {
    for await (const bytes of linesOf(flag, open(flag, file))) {
      number += 1;
      const text = decode(`${flag}, line ${number},`, bytes);
      if (text.trim() !== '') yield { number, text };
    }
  } catch (error) {
    throw readingFailed(flag, error);
  }
}

const LINE_FEED = 0x0a;

/** Lines as bytes: a text reader would replace invalid bytes silently. */
async function* linesOf(flag: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let number = 1;
  let kept: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      yield Buffer.concat([...kept, chunk.subarray(from, end)]);
      number += 1;
      kept = [];
      bytes = 0;
      from = end + 1;
    }
    kept.push(chunk.subarray(from));
    bytes += chunk.length - from;
    if (bytes > BYTES_MAX) throw badContent(`${flag}, line ${number},`, `is longer than ${BYTES_MAX} bytes`);
  }
  yield Buffer.concat(kept);
}

/** A leading byte order mark is removed. */
export function decode(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw badContent(name, 'is not UTF-8', error);
  }
}

function isReference(value: string): boolean {
  return value === '-' || value.startsWith('@');
}

async function readAll(flag: string, reference: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of open(flag, reference === '-' ? '-' : reference.slice(1))) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > BYTES_MAX) throw badContent(flag, `is longer than ${BYTES_MAX} bytes`);
    }
  } catch (error) {
    throw readingFailed(flag, error);
  }
  return decode(flag, Buffer.concat(chunks));
}

function open(flag: string, file: string): AsyncIterable<Buffer> {
  return file === '-' ? process.stdin : createReadStream(pathOfArgument(file, fieldOf(flag)));
}

/** A flag as errors name what it sets: `result-file` is `resultFile`. */
function fieldOf(flag: string): string {
  return flag.replace(/^--/u, '').replaceAll(/-([a-z])/gu, (_all, letter: string) => letter.toUpperCase());
}

function readingFailed(flag: string, error: unknown): unknown {
  const isSystemError = error instanceof Error && 'syscall' in error;
  return isSystemError ? badContent(flag, `cannot be read: ${error.message}`, error) : error;
}
