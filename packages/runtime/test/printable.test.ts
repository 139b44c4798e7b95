/*
 * The columns of texts on a terminal:
 *  - a text that is measured without the library has the columns that the library gives it
 *  - where Node cannot load the library, each character as people see it counts as one column
 *  - a text is cut between whole characters as people see them
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { shorten, widthOf } from '../src/text/printable.ts';

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
