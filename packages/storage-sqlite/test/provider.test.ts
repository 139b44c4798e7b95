/*
 * URLs of a store in a file:
 *  - a path is made absolute as the program makes all its paths absolute
 *  - whatever a file is called, it has a URL, and that is its address for any program
 *  - what names no file, or has options, is refused with STORE_URL_INVALID, and a password in it is not repeated
 */
import { resolve } from 'node:path';
import { OrchestratorError } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { provider } from '../src/index.ts';

const from = { resolvePath: (path: string) => resolve('/work/here', path.replace(/^~/, '/home/me')) };

test.for([
  ['sqlite:/a/b.db', '/a/b.db'],
  ['sqlite:///a/b.db', '/a/b.db'],
  ['SQLITE:/a/b c%20.db', '/a/b c%20.db'],
  ['sqlite:b.db', '/work/here/b.db'],
  ['sqlite:./x/../b.db', '/work/here/b.db'],
  ['sqlite:~/b.db', '/home/me/b.db'],
] as const)('%s names the file %s', ([url, path]) => {
  const shown = `sqlite:${path}`;

  expect(provider.parseUrl(url, from)).toEqual({ scheme: 'sqlite', path, url: shown, address: shown });
});

test.for(['/a/what?.db', '/a/%3F.db', '/a/%253F?%3F%3f.db', '/a/b%20%25.db'])('the file %s has a URL', (path) => {
  const url = provider.urlOfFile?.(path) ?? '';

  expect(provider.parseUrl(url, from)).toEqual({ scheme: 'sqlite', path, url, address: url });
});

test.for([
  'sqlite:',
  'sqlite:/',
  'sqlite://user:hunter2@host/a.db',
  'sqlite:a/',
  'sqlite::memory:',
  'sqlite:a.db?key=hunter2',
])('%j is refused', (url) => {
  const refusal = refusalOf(url);

  expect(refusal).toMatchObject({ code: 'STORE_URL_INVALID', field: 'store', retryable: false });
  expect(`${refusal.message} ${refusal.hint}`).not.toContain('hunter2');
});

function refusalOf(url: string): OrchestratorError {
  try {
    provider.parseUrl(url, from);
  } catch (error) {
    if (error instanceof OrchestratorError) return error;
    throw error;
  }
  throw new Error('was not refused');
}
