/*
 * Passwords in texts for people: of an address whose signs are coded, once or twice, or wide, nothing of the password
 * stays; what only looks like it stays whole. Mistyped addresses of all kinds: see the tests of the command line.
 */
import { expect, test } from 'vitest';
import { withoutPasswords } from '../src/text/without-passwords.ts';

test.each([
  ['postgres://me%3Ahunter2@host/db', 'postgres://me@host/db'],
  ['postgres://me%3ahunter2%40host/db', 'postgres://me@host/db'],
  ['postgres://me%253Ahun ter2@host/db', 'postgres://me@host/db'],
  ['postgres://me\uFF1Ahunter2\uFF20host/db', 'postgres://me@host/db'],
  ['postgres://me%40corp%3Ahunter2%40host/db', 'postgres://me%40corp@host/db'],
  ['postgres%3A%2F%2Fme%3Ahunter2%40host%2Fdb', 'postgres%3A%2F%2Fme@host%2Fdb'],
  ['See postgres:%2F%2Fme%3Ahunter2.', 'See postgres:%2F%2Fme:….'],
  ['me%3Ahunter2@host/db', 'me@host/db'],
  [String.raw`https:\\me:hunter2@host\a`, String.raw`https:\\me@host\a`],
  ['postgres://me:hunter2@host/a%40b', 'postgres://me@host/a%40b'],
  ['postgres://me@host:5432/a%40b', 'postgres://me@host:5432/a%40b'],
  ['https://host/?to=https%3A%2F%2Fhost%3A8080%2Fa', 'https://host/?to=https%3A%2F%2Fhost%3A8080%2Fa'],
  ['task mail%3Ainbox%3Abob%40example.com', 'task mail%3Ainbox%3Abob%40example.com'],
  [String.raw`C:\Users\me\store.db`, String.raw`C:\Users\me\store.db`],
])('%s is shown as %s', (text, shown) => {
  expect(withoutPasswords(text)).toBe(shown);
});

test('a command line has no ids that a person must be able to read', () => {
  expect(withoutPasswords('help me%3Ahunter2%40host', { isUsage: true })).toBe('help me@host');
  expect(withoutPasswords('help me:hun@ter2@host', { isUsage: true })).toBe('help me@host');
});

test.each(['%2F%2Fa%3A', '%3A', '//a:b', 'a'])('a long text of %s is read at once', (part) => {
  const long = part.repeat(3_000);
  const from = performance.now();

  withoutPasswords(`${long}@`, { isUsage: true });

  expect(performance.now() - from).toBeLessThan(5_000);
});
