// Names and ids as fields of calls:
// - the check of their length, which counts only what may be too long, is that of one that counts each
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { id } from '../../src/model/fields.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { codePoints, utf8Bytes } from '../../src/model/text.ts';

/** Counts every text, by the schema library's own way of adding an issue. */
const slowly = z
  .string()
  .normalize('NFC')
  .superRefine((value, context) => {
    if (codePoints(value) > LIMITS.id_characters_max || utf8Bytes(value) > LIMITS.id_bytes_max)
      context.addIssue({ code: 'custom', params: { code: 'LIMIT_EXCEEDED' } });
  });

const character = fc.constantFrom('a', 'é', 'e\u0301', '語', '𝔸');
const text = fc
  .tuple(character, character, fc.integer({ min: 40, max: 140 }), fc.nat({ max: 2 }))
  .map(([first, second, count, more]) => first.repeat(count) + second.repeat(more));

test('an id is too long where one that counts every text says so', () => {
  const verdicts = new Set<boolean>();
  fc.assert(
    fc.property(text, (value) => {
      const [found, expected] = [id.safeParse(value), slowly.safeParse(value)];

      expect(found.success).toBe(expected.success);
      expect(found.data).toBe(expected.data);
      expect(found.error?.issues[0]).toMatchObject(
        expected.success ? {} : { code: 'custom', params: { code: 'LIMIT_EXCEEDED' } },
      );
      verdicts.add(expected.success);
    }),
    { numRuns: 2_000 },
  );
  expect(verdicts.size).toBe(2);
});
