/*
 * The columns of texts on a terminal:
 *  - a text that is measured without the library has the columns that the library gives it
 *  - where Node cannot load the library, each character as people see it counts as one column
 *  - a text is cut between whole characters as people see them
 * What shows nothing, or paints over other lines:
 *  - of combining marks, a letter has as many as scripts need
 *  - in data, nothing is hidden, whatever else people may write
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { printable, shorten, widthOf } from '../src/text/printable.ts';
import { quoted, quotedJson } from '../src/text/quoted.ts';

test('each character has the columns that the library gives it', () => {
  const characters = Array.from({ length: 0x3200 - 0x20 }, (_, at) => String.fromCodePoint(at + 0x20));

  const others = characters.filter((character) => widthOf(character) !== stringWidth(character));

  expect(others).toEqual([]);
});

test.for(['Überprüfung', '▶ running', '🚀 launch', '🚀', 'a — b … c', '한글', 'e\u0301', '✓\ufe0f', '👩‍👩‍👧'])(
  'so has the text %s',
  (text) => {
    expect(widthOf(text)).toBe(stringWidth(text));
  },
);

test('where the library cannot be loaded, the text has a width all the same', async () => {
  const module = new URL('../src/text/printable.ts', import.meta.url).href;
  const code = `import { shorten, widthOf } from '${module}';
    console.log(JSON.stringify([widthOf('abc'), widthOf('한글'), widthOf('👩‍👩‍👧'), shorten('한글입니다', 4)]));`;
  const words = ['--no-warnings', '--no-experimental-require-module', '--input-type=module', '--eval', code];

  const { stdout, stderr } = await promisify(execFile)(process.execPath, words);

  expect([JSON.parse(stdout), stderr]).toEqual([[3, 2, 1, '한글입…'], '']);
});

test.for([
  ['abcdef', 6, 'abcdef'],
  ['abcdef', 5, 'abcd…'],
  ['🚀🚀', 2, '…'],
  ['🚀🚀🚀', 5, '🚀🚀…'],
  ['abcdef', 1, '…'],
  ['abcdef', 0, '…'],
  ['abcdef', -2, '…'],
  ['한글입니다', 5, '한글…'],
  ['👩‍👩‍👧👩‍👩‍👧', 3, '👩‍👩‍👧…'],
] as const)('%s in %i columns is %s', ([text, columns, cut]) => {
  expect(shorten(text, columns)).toBe(cut);
});

test('of combining marks, a letter has as many as scripts need', () => {
  const marks = ['\u0301', '\u20dd', '\u0489', '\u0336'];
  const flood = (count: number) => `L${Array.from({ length: count }, (_, at) => marks[at % 4]).join('')}`;

  expect(printable(flood(8))).toBe(flood(8));
  expect(printable(flood(10))).toBe(String.raw`${flood(8)}\u{301}\u{20dd}`);
});

test.for([
  ['a variation selector behind a pictograph', '❤\ufe0f'],
  ['a space that looks like another', 'a\u00a0b'],
  ['a wide space', 'a\u3000b'],
  ['private use', 'a\uf8ff'],
  ['private use of a plane of its own', 'a\u{f0001}'],
  ['a sign that formats', 'a\u070f'],
  ['a hieroglyph that is blank', 'a\u{13441}'],
  ['what Unicode has not assigned', 'a\u0378'],
])('in data, %s is escaped, in a text as in JSON', ([, text]) => {
  const [shown, inJson] = [quoted(text!, 100), quotedJson({ text }, 100)];

  expect(inJson).toBe(`{"text":${shown}}`);
  expect([/^["\\a-fu0-9❤]+$/u.test(shown), JSON.parse(shown)]).toEqual([true, text]);
});
