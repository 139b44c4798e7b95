/*
 * - a command that fails is told with all that it wrote: with --json an error is in its output
 * - an error that a disposal came on top of is told first
 */
import { expect, test } from 'vitest';
import { causesOf } from '../src/causes.ts';
import { Shell } from '../src/command-line/shell.ts';
import { notHere } from '../src/not-here.ts';
import { newFolder } from './harness.ts';

test('a command that fails is told with its output and its errors', async () => {
  using folder = newFolder();
  const script = "console.log('in the output'); console.error('in the errors'); process.exitCode = 3";

  const ended = new Shell(folder.path).run(['-e', script]);

  await expect(ended).rejects.toThrow(/ended with 3: in the errors\nin the output\n$/);
});

const reason = notHere();
const title = reason === undefined ? '' : ` (left out: ${reason})`;

test.skipIf(reason !== undefined)(`an error that a disposal came on top of is told first${title}`, () => {
  const error = new SuppressedError(new Error('not closed'), new Error('a task was lost'), 'suppressed');

  expect(causesOf(error)).toMatchObject([{ message: 'a task was lost' }, { message: 'not closed' }]);
});
