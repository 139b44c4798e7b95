/*
 * Content that is read:
 *  - malformed JSON is refused with 65, wherever it comes from, and the flag is named
 *  - content that crosses its limit is refused with 65
 *  - a file that cannot be read is refused with 65
 *  - one bad line of many: the line is named and none is added
 *  - what is no UTF-8, or would be rounded, is refused instead of stored as something else
 *  - JSON comes from the text, from a file and from standard input
 *  - many lines are added in batches, duplicates among them are counted
 *  - nothing that was refused makes a store
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Cli } from './support/cli.ts';

const tooLarge = JSON.stringify('x'.repeat(262_144));

test.concurrent.for([
  ['text', ['task', 'create', 'x', '--payload', '{'], '', '--payload'],
  ['standard input', ['task', 'create', 'x', '--payload', '-'], '{"a":', '--payload'],
  ['no input at all', ['task', 'create', 'x', '--payload', '-'], '', '--payload'],
  ['a file that is not there', ['task', 'create', 'x', '--payload', '@absent.json'], '', '--payload'],
  ['a file of lines that is not there', ['task', 'create', '--jsonl', 'absent.jsonl'], '', '--jsonl'],
  ['a payload over its limit', ['task', 'create', 'x', '--payload', '-'], tooLarge, 'payload'],
  ['a payload with U+0000', ['task', 'create', 'x', '--payload', '-'], String.raw`"\u0000"`, 'payload'],
  ['a line that is no JSON', ['task', 'create', '--jsonl', '-'], '{"title":"a"}\n{"title":', 'line 2'],
  ['a line that is no object', ['task', 'create', '--jsonl', '-'], '{"title":"a"}\n\n["b"]', 'line 3'],
  ['a line with an unknown key', ['task', 'create', '--jsonl', '-'], '{"titel":"a"}', 'titel'],
  [
    'a line with a bad value',
    ['task', 'create', '--jsonl', '-'],
    '{"title":"a"}\n{"title":"b","priority":-1}',
    'line 2, priority',
  ],
  ['a line too long for memory', ['task', 'create', '--jsonl', '-'], `{}\n"${'x'.repeat(17_000_000)}`, 'line 2'],
  [
    'a payload that is no UTF-8',
    ['task', 'create', 'x', '--payload', '-'],
    Buffer.from('"\xff"', 'latin1'),
    '--payload',
  ],
  [
    'a line that is no UTF-8',
    ['task', 'create', '--jsonl', '-'],
    Buffer.from('{"title":"a"}\n{"title":"\xe9"}\n', 'latin1'),
    'line 2, is not UTF-8',
  ],
  [
    'a number that would be rounded',
    ['task', 'create', 'x', '--payload', '-'],
    '[{"id":12345678901234567890}]',
    '1234567',
  ],
  ['no line', ['task', 'create', '--jsonl', '-'], '\n', '--jsonl'],
] as const)('%s is refused with 65 and named, and no store is made', async ([, words, input, named], { expect }) => {
  using cli = new Cli();

  const { exit, error } = await cli.json(words, { input });

  expect([exit, error.message]).toEqual([65, expect.stringContaining(named)]);
  expect(existsSync(cli.path)).toBe(false);
});

test.concurrent('JSON comes from the text, from a file and from standard input', async ({ expect }) => {
  using cli = new Cli();
  writeFileSync(join(cli.folder, 'payload.json'), '{"from":"file"}');

  const text = await cli.json(['task', 'create', 'x', '--payload', '{"from":"text"}']);
  const file = await cli.json(['task', 'create', 'x', '--payload', '@payload.json']);
  const input = await cli.json(['task', 'create', 'x', '--payload', '-'], { input: '{"from":"input"}' });

  expect([text, file, input].map(({ data }) => data['payload'])).toEqual([
    { from: 'text' },
    { from: 'file' },
    { from: 'input' },
  ]);
});

test.concurrent('content is kept to the last sign, whatever the line ends and the mark in front', async ({
  expect,
}) => {
  using cli = new Cli();
  const titles = ['naïve', '번역', '🙂'.repeat(100)];
  const lines = titles.map((title) => JSON.stringify({ title, payload: [9007199254740991, -0.5, 1e300] }));

  const { exit } = await cli.json(['task', 'create', '--jsonl', '-'], { input: `\u{feff}${lines.join('\r\n')}\r\n` });

  expect(exit).toBe(0);
  expect((await cli.json(['task', 'list'])).data).toMatchObject(
    titles.map((title) => ({ title, payload: [9007199254740991, -0.5, 1e300] })),
  );
});

test.concurrent('many lines are added in batches, duplicates among them are counted', async ({ expect }) => {
  using cli = new Cli();
  const lines = Array.from({ length: 1_500 }, (_, at) =>
    JSON.stringify({ title: `task ${at}`, dedupe_key: `key-${at % 1_400}`, delay: '1h' }),
  );

  const { exit, meta } = await cli.json(['task', 'create', '--jsonl', '-'], { input: lines.join('\n') });

  expect([exit, meta['enqueued'], meta['duplicates']]).toEqual([0, 1_400, 100]);
  const { data } = await cli.json(['task', 'list', '--limit', '1']);
  expect(data).toMatchObject([{ title: 'task 0', status: 'scheduled' }]);
});

test.concurrent.for([
  [['known', 'a', 'b'], 'line 2'],
  [['a', 'b', 'a'], 'line 4'],
] as const)('of the ids %j the one that is taken is named by its line', async ([ids, line], { expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--id', 'known']);
  const input = `\n${ids.map((id) => JSON.stringify({ title: 'x', id })).join('\n')}`;

  const { exit, error } = await cli.json(['task', 'create', '--jsonl', '-'], { input });

  expect([exit, error.code, error.field]).toEqual([65, 'TASK_EXISTS', `${line}, id`]);
  expect(error.message).toContain(line);
  expect((await cli.json(['task', 'list'])).data).toHaveLength(1);
});

test.concurrent('a line names its session by a number, too; a number that no session has is named by its line', async ({
  expect,
}) => {
  using cli = new Cli();
  const { number } = (await cli.json(['task', 'create', 'x', '--session', 'work'])).data as unknown as {
    number: number;
  };
  const words = ['task', 'create', '--jsonl', '-'];

  const added = await cli.json(words, { input: lineInto('s2') + lineInto(`t${number}`) });
  const refused = await cli.json(words, { input: lineInto('s2') + lineInto('s99') });

  expect([added.exit, added.data]).toEqual([0, [{}, {}].map(() => expect.objectContaining({ session_id: 'work' }))]);
  expect([refused.exit, refused.error.code, refused.error.field]).toEqual([
    65,
    'INVALID_INPUT',
    expect.stringMatching(/^line 2, session/),
  ]);
  expect((await cli.json(['task', 'list'])).data).toHaveLength(3);
});

test('a bad line in a later batch leaves nothing of the earlier ones', async () => {
  using cli = new Cli();
  const lines = Array.from({ length: 1_200 }, (_, at) => JSON.stringify({ title: at === 1_100 ? '' : `task ${at}` }));

  const { exit, error } = await cli.json(['task', 'create', '--jsonl', '-'], { input: lines.join('\n') });

  expect([exit, error.field]).toEqual([65, 'line 1101, title']);
  expect(existsSync(cli.path)).toBe(false);
});

/** A line of a task for a session. */
function lineInto(session: string): string {
  return `${JSON.stringify({ title: 'y', session })}\n`;
}
