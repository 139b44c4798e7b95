import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { badContent } from '../failure.ts';

/** Far more than any limit of the API: its error is the better one, but memory has to end somewhere. */
const BYTES_MAX = 16 * 1024 * 1024;

/** JSON from the value of a flag: the text itself, `@FILE`, or `-` for standard input. */
export async function readJson(flag: string, value: string | undefined): Promise<JsonInput> {
  if (value === undefined) return undefined;
  const text = isReference(value) ? await readAll(flag, value) : value;
  return parseJson(flag, text);
}

/** Whatever JSON there is; the API checks it. */
export type JsonInput = JsonValue | undefined;
type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

export function parseJson(name: string, text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    throw badContent(name, `is not JSON: ${(error as SyntaxError).message}`, error);
  }
}

/** The lines of a file, or of standard input for `-`, with their numbers; empty ones are left out. */
export async function* readLines(flag: string, file: string): AsyncGenerator<{ number: number; text: string }> {
  let number = 0;
  try {
    for await (const text of createInterface({ input: open(file), crlfDelay: Infinity })) {
      number += 1;
      if (Buffer.byteLength(text) > BYTES_MAX)
        throw badContent(`${flag}, line ${number},`, `is longer than ${BYTES_MAX} bytes`);
      if (text.trim() !== '') yield { number, text };
    }
  } catch (error) {
    throw readingFailed(flag, error);
  }
}

function isReference(value: string): boolean {
  return value === '-' || value.startsWith('@');
}

async function readAll(flag: string, reference: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of open(reference === '-' ? '-' : reference.slice(1))) {
      chunks.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (bytes > BYTES_MAX) throw badContent(flag, `is longer than ${BYTES_MAX} bytes`);
    }
  } catch (error) {
    throw readingFailed(flag, error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function open(file: string): NodeJS.ReadableStream {
  return file === '-' ? process.stdin : createReadStream(file);
}

function readingFailed(flag: string, error: unknown): unknown {
  const isSystemError = error instanceof Error && 'syscall' in error;
  return isSystemError ? badContent(flag, `cannot be read: ${error.message}`, error) : error;
}
