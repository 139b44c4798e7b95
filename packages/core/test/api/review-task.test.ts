// The short way of a reviewer judges the work that the caller saw, also if it changes after the first look: then the
// review is given back, and no verdict is given. A verdict that comes too late is refused.
import { expect, test } from 'vitest';
import { reviewTask } from '../../src/api/review-task.ts';

type Calls = Parameters<typeof reviewTask>[0];
type Claimed = Extract<Awaited<ReturnType<Calls['claimTask']>>, { ok: true }>;

const TERMS = { role: 'reviewer', approvals: 1, approved: [], holders: [] };
const FIRST = { ...TERMS, round: 1, open: ['r'], resultSha256: 'one' };

/** A store in which the work is in the second round when a review of it is claimed. */
function changing(outcomes: string[], ends: 'succeeded' | 'cancelled' = 'succeeded'): Calls {
  const task = { id: 'a', status: 'in_review', review: FIRST } as const;
  const reviewed = { task: { ...task, review: { ...FIRST, round: 2, resultSha256: 'two' } } };
  return {
    check: () => Promise.resolve(),
    getTask: () => Promise.resolve(task),
    getAgent: () => Promise.resolve(null),
    signedRoles: () => Promise.resolve([]),
    claimTask: () =>
      Promise.resolve({ ok: true, task: { id: 'r' }, lease: { token: 't' }, reviewed } as unknown as Claimed),
    releaseTask({ outcome }) {
      outcomes.push(outcome);
      return Promise.resolve({ ok: true, status: ends });
    },
  };
}

const CALL = { taskId: 'a', agent: 'home-agent', verdict: 'approved' } as const;

test.each([{ round: 1 }, { resultSha256: 'one' }, { round: 1, resultSha256: 'one' }])(
  'what changed after the first look is not judged: %o',
  async (saw) => {
    const outcomes: string[] = [];

    const reply = await reviewTask(changing(outcomes), { ...CALL, ...saw });

    expect(reply).toEqual({ ok: false, reason: 'other_work', round: 2, resultSha256: 'two' });
    expect(outcomes).toEqual(['released']);
  },
);

test('a caller that names neither judges what is there, and is told what that was', async () => {
  const outcomes: string[] = [];

  const reply = await reviewTask(changing(outcomes), CALL);

  expect(reply).toMatchObject({ ok: true, round: 2, resultSha256: 'two' });
  expect(outcomes).toEqual(['approved']);
});

test('a verdict that ends its review without judging, as another one ended the round, is no verdict', async () => {
  const reply = await reviewTask(changing([], 'cancelled'), CALL);

  expect(reply).toEqual({ ok: false, reason: 'other_work', round: 1, resultSha256: 'one' });
});
