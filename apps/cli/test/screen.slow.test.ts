/*
 * What is written for people:
 *  - no character reaches the terminal that moves, hides or reorders anything, or breaks a line
 *  - colours of our own do, also within each other; those of a text do not
 *  - a column is as wide as it is shown
 *  - with --quiet an id is one line as it is, and what is in no id is escaped
 *  - of what a store, a file or a command line holds, in every command
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { expect, test } from 'vitest';
import { fields } from '@agent-orchestrator/core';
import { printable } from '../src/output/printable.ts';
import { idInOneLine, inOneLine, marked, onScreen, withoutColours } from '../src/output/screen.ts';
import { table } from '../src/output/table.ts';
import { Cli } from './support/cli.ts';

const red = (text: string) => marked(text, (escaped) => styleText('red', escaped, { validateStream: false }));
const bold = (text: string) => marked(text, (escaped) => styleText('bold', escaped, { validateStream: false }));

/** The kinds of it: control characters, colours, bidirectional, invisible, and ends of lines. */
const HOSTILE = 'a\u001b[31mb\u0007c\u202ed\u200be\u2028f\u009bg\nh\u{e0041}i';
const SHOWN = String.raw`a\u{1b}[31mb\u{7}c\u{202e}d\u{200b}e\u{2028}f\u{9b}g\nh\u{e0041}i`;

test('a line comes out without any of it', () => {
  expect(onScreen(HOSTILE)).toBe(SHOWN);
  expect(onScreen(`${red(HOSTILE)} ${HOSTILE}`)).toBe(`\u001b[31m${SHOWN}\u001b[39m ${SHOWN}`);
});

test.for([
  ['✔\ufe0f done', '✔\ufe0f done'],
  ['1\ufe0f\u20e3', '1\ufe0f\u20e3'],
  ['❤\ufe0f\ufe0e', String.raw`❤${'\ufe0f'}\u{fe0e}`],
  ['a\ufe0fb', String.raw`a\u{fe0f}b`],
  ['1\ufe0f', String.raw`1\u{fe0f}`],
  ['✓\ufe00', String.raw`✓\u{fe00}`],
  ['\u{e0100}\u{e01ef}\u{e0fff}', String.raw`\u{e0100}\u{e01ef}\u{e0fff}`],
  ['\u180b\u180f\ufff0', String.raw`\u{180b}\u{180f}\u{fff0}`],
] as const)('a variation selector passes where people write it, once: %j', ([text, shown]) => {
  expect(onScreen(text)).toBe(shown);
});

test.for(['\u{13430}', '\u{1343f}', '\u{16fe4}', '\u{1d159}', '\ufdd0', '\uffff', '\u{1fffe}'])(
  'a character that shows nothing is shown by its code: %j',
  (character) => {
    expect(onScreen(`a${character}b`)).toBe(`a\\u{${character.codePointAt(0)?.toString(16)}}b`);
  },
);

test('with --quiet, what does harm in a setting is escaped, and nothing else', async () => {
  using cli = new Cli();
  const { stdout } = await cli.run(['config', 'list', '--quiet'], { env: { ORCHESTRATOR_AGENT: HOSTILE } });
  const version = await cli.run(['--version', '--quiet']);
  const help = await cli.run(['run', '--help', '--quiet']);

  expect(stdout.split('\n')).toContain(
    SHOWN.replace(String.raw`\u{200b}`, '\u200b').replace(String.raw`\u{e0041}`, '\u{e0041}'),
  );
  expect([inOneLine('가족 👩\u200d💻\u2800'), version.stdout.split('\n').length]).toEqual(['가족 👩\u200d💻\u2800', 2]);
  expect(help.stdout.split('\n').length).toBeGreaterThan(10);
});

test('in an id, exactly what no command takes in one is escaped', () => {
  const points = Array.from({ length: 0x2_0000 }, (_, at) => at).concat(0xe_0041, 0xe_01ef);
  const wrong = points.filter((point) => {
    const text = `a${String.fromCodePoint(point)}b`;
    return (idInOneLine(text) === text) !== fields.id.safeParse(text).success;
  });

  expect(wrong.map((point) => point.toString(16))).toEqual([]);
});

test('what was escaped before stays as it is', () => {
  expect(onScreen(printable(HOSTILE))).toBe(SHOWN);
});

test('colours within colours pass', () => {
  expect(onScreen(bold(`a ${red('b')} c`))).toBe(
    styleText('bold', `a ${styleText('red', 'b', { validateStream: false })} c`, { validateStream: false }),
  );
});

test('U+0000 is no way to write an escape or a colour', () => {
  expect(onScreen('\0]0;title\u0007 \0[2J \0[8m')).toBe(String.raw`\u{0}]0;title\u{7} \u{0}[2J \u{0}[8m`);
});

test('a column is as wide as it is shown', () => {
  const lines = table(
    ['A', 'B'],
    [
      [red('a\u200bb'), '1'],
      ['abcdefghij', '2'],
    ],
    (_, text) => text,
  ).map(withoutColours);

  expect(lines.map(onScreen)).toEqual(['A           B', String.raw`a\u{200b}b  1`, 'abcdefghij  2']);
});

test.concurrent('nothing of a store or a command line reaches the terminal as it is', { timeout: 60_000 }, async () => {
  using cli = new Cli();
  const payload = join(cli.folder, 'payload.json');
  writeFileSync(payload, JSON.stringify({ [HOSTILE]: HOSTILE }));
  await cli.run(['task', 'create', HOSTILE, '--session', 's', '--source', HOSTILE, '--payload', `@${payload}`]);
  const { stdout } = await cli.run(['claim', '--agent', 'a', '--session', 's', '--json']);
  const { token } = (JSON.parse(stdout) as { data: { lease: { token: string } } }).data.lease;
  const context = ['--next-action', HOSTILE, '--last-action', HOSTILE, '--data', JSON.stringify(HOSTILE)];
  await cli.run(['checkpoint', '--token', token, ...context]);

  for (const words of [
    ['status'],
    ['task', 'list'],
    ['task', 'show', 't1'],
    ['session', 'show', 's'],
    ['events', '--after', '0'],
    ['why', 's'],
    ['resume', 's'],
    ['since', '0'],
    ['doctor'],
    [HOSTILE],
    ['help', HOSTILE],
    ['task', 'show', HOSTILE],
    ['task', 'create', 'x', '--payload', `@${HOSTILE}`],
    ['status', '--store', 'sqlite:/none/a\u202eb\u200bc'],
    ['task', 'create', 'x', '--payload', HOSTILE],
  ]) {
    const ran = await cli.run(words);

    const said = ran.stdout + ran.stderr;
    expect(said.length).toBeGreaterThan(0);
    expect([words, /[^\P{C}\n]|[\u2028\u2029]/u.exec(said)]).toEqual([words, null]);
  }
});
