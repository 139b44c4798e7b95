/*
 * Where an artifact or further memory is, for people: without what may be a secret, in a place and in a whole result.
 */
import { expect, test } from 'vitest';
import { artifactPlace, shownContext, shownPayload, shownResult } from '../src/text/artifact-place.ts';

test.each([
  ['https://me:secret@host/a?sig=secret&x=1&secret#secret', 'https://host/a?sig=…&x=…&…#…'],
  ['https://host/a', 'https://host/a'],
  ['s3://bucket/a?versionId=secret', 's3://bucket/a?versionId=…'],
])('%s is shown as %s', (url, shown) => {
  const made = { name: 'a', sha256: '0'.repeat(64), bytes: 1 };

  expect(artifactPlace({ url })).toBe(shown);
  expect(artifactPlace({ path: url })).toBe(shown);
  expect(
    shownResult({
      artifacts: [
        { ...made, url },
        { ...made, path: url },
        { ...made, path: '/a?b' },
      ],
      more: 1,
    }),
  ).toEqual({
    artifacts: [
      { ...made, url: shown },
      { ...made, path: shown },
      { ...made, path: '/a?b' },
    ],
    more: 1,
  });
});

test.each([
  ['https:/me:secret@host/a?x=secret', 'https://host/a?x=…'],
  [String.raw` HTTPS:\\me:secret@host\a`, 'https://host/a'],
  ['https:me:secret@host/a', 'https:…@host/a'],
  ['//me:secret@host/a', '//me:…@host/a'],
  ['me:secret@host/a', 'me:…@host/a'],
  ['/cache/https://me:secret@host/a', '/cache/https://me:…@host/a'],
  ['https%3A%2F%2Fme%3Asecret%40host%2Fa', 'https%3A%2F%2Fme%3A…%40host%2Fa'],
  ['/cache%2F%2Fme:secret@host/a', '/cache%2F%2Fme:…@host/a'],
  ['/srv/build:12/pkg@1.2/a', '/srv/build:12/pkg@1.2/a'],
  [String.raw`C:\work\a`, String.raw`C:\work\a`],
])('the path %s is shown as %s', (path, shown) => {
  expect(artifactPlace({ path })).toBe(shown);
});

test('further memory is shown without the password of its URL, also in an event', () => {
  const memoryRef = 'notes at https://me:secret@host/a?page=1';
  const shown = 'notes at https://me:…@host/a?page=1';

  expect(shownContext({ memoryRef, turn: 1 })).toEqual({ memoryRef: shown, turn: 1 });
  expect(shownPayload({ memory_ref: memoryRef, turn: 1 })).toEqual({ memory_ref: shown, turn: 1 });
  expect(shownContext({ memoryRef: null })).toEqual({ memoryRef: null });
});

test('what an event says of a result is shown so', () => {
  const artifacts = [{ name: 'a', url: 'https://me:secret@host/a', sha256: '0'.repeat(64), bytes: 1 }];

  expect(JSON.stringify(shownPayload({ result: { artifacts }, note: null }))).not.toContain('secret');
  expect(shownPayload({ note: 'x' })).toEqual({ note: 'x' });
});
