/*
 * Store URLs:
 *  - a path is absolute, or starts from the current or the home folder
 *  - whatever a file is called, it has a URL
 *  - postgres: names a database, and is shown without its password
 *  - memory: names nothing
 *  - what is no URL, or one of another kind, is refused with STORE_URL_INVALID
 *  - a caller that writes a path is told the URL for it
 *  - a refusal never repeats a password
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { fileStoreUrl, OrchestratorError, parseStoreUrl } from '../src/index.ts';

test.for([
  ['sqlite:/a/b.db', '/a/b.db'],
  ['sqlite:///a/b.db', '/a/b.db'],
  ['SQLITE:/a/b c%20.db', '/a/b c%20.db'],
  ['sqlite:b.db', resolve('b.db')],
  ['sqlite:./x/../b.db', resolve('b.db')],
  ['sqlite:~/b.db', join(homedir(), 'b.db')],
] as const)('%s names the file %s', ([url, path]) => {
  expect(parseStoreUrl(url)).toEqual({ scheme: 'sqlite', path, url: `sqlite:${path}` });
});

test.for(['/a/what?.db', '/a/%3F.db', '/a/%253F?%3F%3f.db', '/a/b%20%25.db'])('the file %s has a URL', (path) => {
  expect(parseStoreUrl(fileStoreUrl(path))).toEqual({ scheme: 'sqlite', path, url: fileStoreUrl(path) });
});

test.for(['postgres', 'postgresql', 'POSTGRES'])(
  '%s: names a database, and is shown without its password',
  (scheme) => {
    const address = `${scheme}://user:hunter2@host:5433/db?sslmode=require&application_name=hunter2`;

    expect(parseStoreUrl(address)).toEqual({ scheme: 'postgres', url: 'postgres://user@host:5433/db', address });
  },
);

test('memory: names nothing', () => {
  expect(parseStoreUrl('memory:')).toEqual({ scheme: 'memory', url: 'memory:' });
});

const refused = [
  '',
  'work.db',
  '/a/b.db',
  'sqlite',
  'sqlite:',
  'sqlite:/',
  'sqlite://host/a.db',
  'sqlite:a/',
  'sqlite::memory:',
  'sqlite:a.db?mode=ro',
  'sqlite:a\0.db',
  'memory:x',
  'mysql://host/db',
  'postgres://user:hunter2@ho st/db',
  'postgres://user:p/w@host/db',
  '://',
];

test.for(refused)('%j is refused', (url) => {
  expect(refusalOf(url)).toMatchObject({ code: 'STORE_URL_INVALID', field: 'store', retryable: false });
});

test('a caller that writes a path is told the URL for it', () => {
  expect(refusalOf('/a/b.db').hint).toBe('Write sqlite:/a/b.db');
});

test.for([
  'postgres://user:hunter2@ho st/db',
  'user@host?password=hunter2',
  'sqlite://user:hunter2@host/x',
  'sqlite:x?key=hunter2',
])('the refusal of %s does not repeat the password', (url) => {
  const { message, hint } = refusalOf(url);

  expect(`${message} ${hint}`).not.toContain('hunter2');
});

function refusalOf(url: string): OrchestratorError {
  try {
    parseStoreUrl(url);
  } catch (error) {
    if (error instanceof OrchestratorError) return error;
    throw error;
  }
  throw new Error('was not refused');
}
