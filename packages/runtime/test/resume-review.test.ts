/*
 * The card of a reviewer:
 *  - it has the work that the review judges, who did it and in which round, and says how a review ends
 */
import { expect, test } from 'vitest';
import { Office } from './support/card-worlds.ts';

test('it has the work that the review judges, and says how a review ends', async () => {
  await using office = new Office();
  await office.add({ title: 'Write the parser', payload: { file: 'parser.ts' }, review: { role: 'reviewer' } });
  await office.release(await office.claim(), { outcome: 'succeeded', result: { lines: 12 } });
  const review = await office.claim({ agent: 'home-agent', roles: ['reviewer'] });

  const card = await office.card({ agent: 'home-agent' });
  await office.release(review, { outcome: 'changes_requested', note: 'name it' });
  const ofAuthor = await office.card();

  expect(card).toContain(
    'reviews task t1 "Write the parser", done by company-agent, round 1\n' +
      'its payload {"file":"parser.ts"}\nits result {"lines":12}\n',
  );
  expect(card).toContain(
    '`orchestrator release --outcome approved` or `--outcome changes_requested --note TEXT` ends the review.',
  );
  expect(card).not.toContain('--outcome succeeded');
  expect(ofAuthor).not.toContain('reviews task');
});
