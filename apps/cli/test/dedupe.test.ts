/**
 * Dedupe keys on the command line:
 * - a key that is held while its task is open is free when the task has ended; lines of a file say so, too
 * - a task whose key another task holds by then is not retried: exit 1, with that task
 * - the hint tells whether the end of that task frees the key
 * - how long a key is held is a mistake without a key
 */
import { test } from 'vitest';
import { Cli } from './support/cli.ts';

const CREATE = ['task', 'create', 'nightly', '--dedupe-key', 'k', '--dedupe-while', 'open'];

test.concurrent('a key that is held while its task is open is free when the task has ended', async ({ expect }) => {
  using cli = new Cli();
  const first = await cli.json(CREATE);
  const again = await cli.json(CREATE);
  await cli.run(['task', 'cancel', first.data.id]);
  const line = JSON.stringify({ title: 'nightly', dedupe_key: 'k', dedupe_while: 'open' });
  const { meta } = await cli.json(['task', 'create', '--jsonl', '-'], { input: `${line}\n${line}` });

  expect([first, again].map(({ exit, data }) => [exit, data['outcome'], data.id])).toEqual([
    [0, 'enqueued', first.data.id],
    [0, 'duplicate', first.data.id],
  ]);
  expect(first.data).toMatchObject({ dedupe_key: 'k', dedupe_while: 'open' });
  expect(meta).toMatchObject({ enqueued: 1, duplicates: 1 });
  expect((await cli.run(['task', 'show', first.data.id])).stdout).toContain('k, until it ends');
});

test.concurrent('a task whose key another task holds by then is not retried', async ({ expect }) => {
  using cli = new Cli();
  const first = await cli.json(CREATE);
  await cli.run(['task', 'cancel', first.data.id]);
  const why = await cli.run(['why', 'task', first.data.id]);
  const second = await cli.json(CREATE);

  const { exit, error } = await cli.json(['task', 'retry', first.data.id]);

  expect(why.stdout).toContain('unless another task holds its dedupe key');
  expect([exit, error.code]).toEqual([1, 'DUPLICATE']);
  expect(error).toMatchObject({ details: { task: { id: second.data.id, status: 'queued' } } });
  expect(error.hint).toContain('Retry when it has ended.');
});

test.concurrent('no caller is told to wait for the end of a task that holds its key for good', async ({ expect }) => {
  using cli = new Cli();
  const first = await cli.json(CREATE);
  await cli.run(['task', 'cancel', first.data.id]);
  await cli.json(['task', 'create', 'for good', '--dedupe-key', 'k']);

  const { error } = await cli.json(['task', 'retry', first.data.id]);

  expect(error.hint).toContain('It holds the key also after its end: add a new task with another key.');
});

test.concurrent('how long a key is held is a mistake without a key', async ({ expect }) => {
  using cli = new Cli();

  const { exit, error } = await cli.json(['task', 'create', 'x', '--dedupe-while', 'open']);

  expect([exit, error.code, error.field]).toEqual([64, 'INVALID_INPUT', 'dedupe.key']);
  expect(error.message).toContain('--dedupe-key');
});
