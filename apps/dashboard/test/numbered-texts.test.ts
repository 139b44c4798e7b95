import { expect, test } from 'vitest';
import { NumberedTexts } from '../src/fold/numbered-texts.ts';

test('each text is kept once, under the number of its first time, of any length and in any script', () => {
  const texts = new NumberedTexts();
  const written = [
    '',
    '에이전트',
    'agent-1',
    'x'.repeat(70_000),
    ...Array.from({ length: 5_000 }, (_, at) => `id ${at}`),
  ];

  expect(written.map((text) => texts.numberOf(text))).toEqual(written.map((_, number) => number));

  expect(written.map((text) => texts.numberOf(text))).toEqual(written.map((_, number) => number));
  expect(written.map((_, number) => texts.textOf(number))).toEqual(written);
  expect([texts.numberOf(null), texts.knownNumberOf('other'), texts.textOf(-1), texts.textOf(written.length)]).toEqual([
    -1,
    -1,
    null,
    null,
  ]);
});

test('two texts with one hash stay two', () => {
  const texts = new NumberedTexts(1);
  const alike = ['id-683529', 'id-1240242'];

  expect(alike.map((text) => texts.numberOf(text))).toEqual([0, 1]);

  expect(alike.map((text) => texts.knownNumberOf(text))).toEqual([0, 1]);
});
