/*
 * URLs of a store on a server:
 *  - a URL names a database, and is shown without its password and options
 *  - its address is what was written; a certificate's path, which starts from the folder, is made absolute
 *  - what a server cannot be reached by is refused with STORE_URL_INVALID, and the password is not repeated
 */
import { resolve } from 'node:path';
import { OrchestratorError } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { provider } from '../src/index.ts';

const from = { resolvePath: (path: string) => resolve('/work/here', path) };

test.for(['postgres', 'postgresql', 'POSTGRES'])(
  '%s: names a database, and is shown without its password',
  (scheme) => {
    const address = `${scheme}://user:hunter2@host:5433/db?sslmode=require&application_name=hunter2`;

    const url = 'postgres://user@host:5433/db';
    expect(provider.parseUrl(address, from)).toEqual({ scheme: 'postgres', url, address });
  },
);

test.for(['[::1]', '%2Fsrv%2Fpg%3A1', 'h%C3%BCtte'])('a host may be %s', (host) => {
  expect(provider.parseUrl(`postgres://us%25er%40corp@${host}/db`, from).url).toBe(
    `postgres://us%25er%40corp@${host}/db`,
  );
});

test('a user may have a colon before a password', () => {
  const { url } = provider.parseUrl('postgres://us%3Aer:hunter2@host/db', from);

  expect(url).toBe('postgres://us%3Aer@host/db');
});

test("a certificate's path starts from the folder", () => {
  const { address } = provider.parseUrl('postgres://me:p%2Fw@host/db?sslrootcert=my%20ca.crt&prepare=false', from);

  const { password, searchParams } = new URL(address);
  expect(password).toBe('p%2Fw');
  expect(Object.fromEntries(searchParams)).toEqual({ sslrootcert: '/work/here/my ca.crt', prepare: 'false' });
});

test.for([
  'postgres://user:hunter2@ho st/db',
  'postgres://user:p/hunter2@host/db',
  'postgres://user:hunter2@host',
  'postgres://:hunter2@host/db',
  'postgres://user:hunter2@host/db?sslmode=maybe',
  'postgres://user:hunter2@host/db?password=hunter2',
  'postgres:/user:hunter2@host/db',
  'postgres:user:hunter2@host/db',
  'postgres://user:hunter2@host/db%00options%00-c%20search_path=x',
  'postgres://user:hunter2@host/db?sslmode=disable&sslmode=verify-full',
  'postgres://us%00er:hunter2@host/db',
  'postgres://user:hunter2%00@host/db',
  'postgres://user:hunter2@host/db?application_name=a%00b',
  'postgres://user:hunter2@host/db?sslrootcert=a%00b',
  'postgres://user%3Ahunter2@host/db',
  'postgres://user%253ahunter2@host/db',
  'postgres://user%EF%BC%9Ahunter2@host/db',
  'postgres://user%3Ahunter2%40host/db',
  'postgres://user@corp%3Ahunter2%40host/db',
  'postgres://user@hunter2%40host/db',
  'postgres://user@host/db&password=hunter2',
  'postgres://user@host/db%3Fpassword=hunter2',
  'postgres://user@host/db%253Fpassword%253Dhunter2',
  'postgres://user@host/db%253Fpassword=hunter2',
  'postgres://user@host/db%3Fhunter2',
  'postgres://user@host/db%2526hunter2',
  'postgres://user@host/db%25EF%25BC%259Fhunter2',
  'postgres://user@host/db%3Dhunter2',
  'postgres://user@host/db;password=hunter2',
  'postgres://user@host/db%3Bhunter2',
  'postgres://user;hunter2@host/db',
  'postgres://user%253Bhunter2@host/db',
  'postgres://user%25%33Ahunter2@host/db',
  'postgres://user%25EF%25BC%259Ahunter2@host/db',
  'postgres://user@hunter2%2540host/db',
  'postgres://user@corp%253Ahunter2/db',
  'postgres://user:hunter2@host/db#x',
])('%s is refused, without its password', (url) => {
  const refusal = refusalOf(url);

  expect(refusal).toMatchObject({ code: 'STORE_URL_INVALID', field: 'store', retryable: false });
  expect(refusal.message).not.toContain('hunter2');
  // No error of a program hides a part of it: see the passwords in texts.
  expect(refusal.hint).toBe('Use postgres://user@host:5432/database, with :password behind the user if it needs one.');
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
