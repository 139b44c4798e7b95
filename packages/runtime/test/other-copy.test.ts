/*
 * A handler can have a copy of this package of its own, of the same or of another version:
 *  - a failure that it throws is as final, and has the same data
 *  - a question that it throws is asked, and charges no attempt
 */
import { expect, test } from 'vitest';
import { settle } from './support/fake-time.ts';
import { open } from './support/worker.ts';

test('a failure of another copy of this package is as final as one of this copy', async () => {
  class OfAnotherCopy extends Error {
    override readonly name = 'TaskFailed';
    readonly code = 'CARD';
    readonly data = { card: 1 };
    readonly final = true;
  }
  const { start, add, orchestrator } = await open();
  await add('count');

  start(() => Promise.reject(new OfAnotherCopy('declined')));
  await settle();

  expect(await orchestrator.getTask('count')).toMatchObject({
    status: 'failed',
    attempt: 1,
    error: { message: 'declined', code: 'CARD', data: { card: 1 } },
  });
});

test('a question of another copy of this package is asked', async () => {
  class OfAnotherCopy extends Error {
    override readonly name = 'TaskWaiting';
    readonly question = 'Which server?';
    readonly to = { role: 'owner' };
  }
  const { start, add, orchestrator } = await open();
  await add('deploy');

  start(() => Promise.reject(new OfAnotherCopy()));
  await settle();

  expect(await orchestrator.getTask('deploy')).toMatchObject({
    status: 'waiting',
    attempt: 0,
    question: 'Which server?',
  });
});
