/*
 * Passwords in texts for people:
 *  - of an address whose signs are coded, once or more often, or wide, nothing of the password stays, however long its
 *    parts are; what only looks like it stays whole, or has … in place of what was hidden
 *  - so it is if a line is broken within the address or its password, and in a text of JSON
 *  - a long text of any form is read in a time that grows no faster than the text
 * Mistyped addresses of all kinds: see the tests of the command line.
 */
import { expect, test } from 'vitest';
import { withoutPasswords } from '../src/text/without-passwords.ts';

test.each([
  ['postgres://me%3Ahunter2@host/db', 'postgres://me%3A…@host/db'],
  ['postgres://me%3ahunter2%40host/db', 'postgres://me%3a…%40host/db'],
  ['postgres://me%253Ahun ter2@host/db', 'postgres://me%253A…@host/db'],
  ['postgres://me%25%33Ahunter2@host/db', 'postgres://me%25%33A…@host/db'],
  ['postgres://me\uFF1Ahunter2\uFF20host/db', 'postgres://me\uFF1A…\uFF20host/db'],
  ['postgres://me%EF%BC%9Ahunter2%EF%BC%A0host/db', 'postgres://me%EF%BC%9A…%EF%BC%A0host/db'],
  ['postgres://me%25EF%25BC%259Ahunter2', 'postgres://me%25EF%25BC%259A…'],
  ['postgres://me%40corp%3Ahunter2%40host/db', 'postgres://me%40corp%3A…%40host/db'],
  ['postgres://me@corp:hun ter2@host/db', 'postgres://me@corp:…@host/db'],
  ['postgres%3A%2F%2Fme%3Ahunter2%40host%2Fdb', 'postgres%3A%2F%2Fme%3A…%40host%2Fdb'],
  ['postgres://me@corp: hunter2@host/db', 'postgres://me@corp:…@host/db'],
  ['postgres:/me:hunter2', 'postgres:/me:…'],
  ['postgres://DOM%5Cme:hun ter2@host/db', 'postgres://DOM%5Cme:…@host/db'],
  ['postgres://me%2Fx: hunter2@host/db', 'postgres://me%2Fx:…@host/db'],
  ['postgres://DOM%5Cme:hunter2', 'postgres://DOM%5Cme:…'],
  [String.raw`postgres://DOM\me:hunter2`, String.raw`postgres://DOM\me:…`],
  ['https://DOM%5Cme%3Ahunter2%40host/db', 'https://DOM%5Cme%3A…%40host/db'],
  ['postgres://me@corp:hunter2', 'postgres://me@corp:…'],
  ['postgresql+psycopg://me@corp:hunter2', 'postgresql+psycopg://me@corp:…'],
  ['postgres://me:p@hunter2%2Fx%40host/db', 'postgres://me:…%40host/db'],
  ['postgres://me\uFF0Fx:hun ter2@host/db', 'postgres://me\uFF0Fx:…@host/db'],
  ['DOM%5Cme:hunter2@host%2Fdb', 'DOM%5Cme:…@host%2Fdb'],
  ['bob@x: postgres://me%3Ahun ter2%40host/db', 'bob@x: postgres://me%3A…%40host/db'],
  ['See postgres:%2F%2Fme%3Ahunter2.', 'See postgres:%2F%2Fme%3A….'],
  ['See postgres://me:1234.hunter2.', 'See postgres://me:….'],
  ['me%3Ahunter2@host/db', 'me%3A…@host/db'],
  [String.raw`https:\\me:hunter2@host\a`, String.raw`https:\\me:…@host\a`],
  ['postgres://me:hunter2@host/a%40b', 'postgres://me:…@host/a%40b'],
  ['postgres://me@host/db%3Fpassword%3Dhunter2', 'postgres://me@host/db%3Fpassword%3D…'],
  ['postgres://me@host:1/db%253Fpassword%253Dhunter2', 'postgres://me@host:1/db%253Fpassword%253D…'],
  ['postgres://host/db?password=hun%26ter2', 'postgres://host/db?password=…'],
  ["host=h password = 'hun ter2' dbname=x", 'host=h password = … dbname=x'],
  ['postgres://me:hun\nter2@host/db', 'postgres://me:…@host/db'],
  ['postgres://me:hun\r\n  ter2%40host/db', 'postgres://me:…%40host/db'],
  ['postgres://me:hun t\ner2 x@host/db', 'postgres://me:…@host/db'],
  ['postgres://me:a@b\nhunter2@host/db', 'postgres://me:…@host/db'],
  ['no store at postgres://me:hun\n\u2028\tter2', 'no store at postgres://me:…'],
  ['postgres:/\n/me:hunter2@host', 'postgres:/\n/me:…@host'],
  ['me:hun\nter2@host/db', 'me:…@host/db'],
  ['"postgres://me:hun\\nter\\"2@host/db"', '"postgres://me:…@host/db"'],
  ['postgres://host/db?pass\nword=hunter2', 'postgres://host/db?pass\nword=…'],
  ['postgres://host/db?password=hun\n  ter2&sslmode=require', 'postgres://host/db?password=…'],
  ['postgres://host/db?password=\nhun\nter2 is wrong', 'postgres://host/db?password=\n… is wrong'],
  ["password='hun\nter 2' dbname=x", 'password=… dbname=x'],
  [String.raw`password='hun\' ter2' dbname=x`, 'password=… dbname=x'],
  ["host=h password='hun ter2", 'host=h password=…'],
  ['{"user":"me","password": "hun ter2"}', '{"user":"me","password": …'],
  [String.raw`"{\"password\":\"hun ter2\"}"`, String.raw`"{\"password\":…`],
  ['builds/app:1.2@sha256:abc/out.tar', 'builds/app:…@sha256:abc/out.tar'],
  ['C:/work/a:b@c/d', 'C:/work/a:…@c/d'],
])('%s is shown as %s', (text, shown) => {
  expect(withoutPasswords(text)).toBe(shown);
  expect(withoutPasswords(shown), 'once more').toBe(shown);
});

test.each([
  'Use postgres://user@host:5432/database, with :password behind the user if it needs one.',
  'postgres://me@host:5432/a%40b',
  'postgres://me@[::1]:5432/db',
  'no answer from postgres://me@host: refused',
  'see http://localhost:8080.',
  'http://[::1]:8080/a',
  'https://host/?to=https%3A%2F%2Fhost%3A8080%2Fa',
  'task mail%3Ainbox%3Abob%40example.com',
  'C:/work/node@20/a',
  'git+ssh://git@github.com:org/x.git',
  'postgres://me@a:5432/x\npostgres://me@b:5432/y\nhttp://localhost:8080',
  'In the way:\n/home/me/node_modules/@scope/a',
  String.raw`C:\work\a@b:c`,
  String.raw`C:\Users\me\store.db`,
])('%s is shown as it is', (text) => {
  expect(withoutPasswords(text)).toBe(text);
});

test('a coded @ in the host ends a password, and one in the path does not', () => {
  expect(withoutPasswords('postgres://me:x@hunter2%40host/a%40b')).toBe('postgres://me:…%40host/a%40b');
});

test.each(['postgres://%:', 'postgres%:me:', 'x%://me:'])('no part of %s is too long', (form) => {
  const address = form.replace('%', 'u'.repeat(300));

  expect(withoutPasswords(`${address}hunter2`)).toBe(`${address}…`);
});

test('a command line has no ids that a person must be able to read', () => {
  expect(withoutPasswords('help me%3Ahunter2%40host', { isUsage: true })).toBe('help me%3A…%40host');
  expect(withoutPasswords('help me:hun@ter2@host', { isUsage: true })).toBe('help me:…@host');
});

test.each([
  ['%2F%2Fa%3A'],
  ['%3A'],
  ['%25'],
  ['//a:b'],
  ['//a:b '],
  ['//a:1/'],
  ['//a:))'],
  [')'],
  [':'],
  ['['],
  ['postgr'],
  ["password='"],
  ["password=\uFF0F'"],
  ['a:b\n'],
  ['\n'],
  [' x://h'],
])('a long text of %s is read at once', (sign) => {
  const long = sign.repeat(60_000 / sign.length);
  const from = performance.now();

  for (const [before, after] of [
    ['//a:', 'x'],
    ['@', ''],
    ['', ' x://h@'],
  ])
    withoutPasswords(`${before}${long}${after}`, { isUsage: true });

  expect(performance.now() - from).toBeLessThan(1_000);
});
