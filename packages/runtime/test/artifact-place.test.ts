/*
 * Where an artifact is, for people: without what may be a secret, in a place and in a whole result.
 */
import { expect, test } from 'vitest';
import { artifactPlace, shownPayload, shownResult } from '../src/text/artifact-place.ts';

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

test('what an event says of a result is shown so', () => {
  const artifacts = [{ name: 'a', url: 'https://me:secret@host/a', sha256: '0'.repeat(64), bytes: 1 }];

  expect(JSON.stringify(shownPayload({ result: { artifacts }, note: null }))).not.toContain('secret');
  expect(shownPayload({ note: 'x' })).toEqual({ note: 'x' });
});
