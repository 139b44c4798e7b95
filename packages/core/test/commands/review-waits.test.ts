// A task in review waits for its open reviews. So a holder waits for no task whose review waits for its own task:
// - a reviewer cannot wait for the work that it judges, directly, through others, or through their reviews
// - no holder can wait for work whose reviewer waits for its task
// - a review that has its verdict, and one of a round that is over, is waited for no more
import { expect, test } from 'vitest';
import { release } from '../../src/commands/index.ts';
import {
  approved,
  blocked,
  claimed,
  opened,
  OTHER_AGENT,
  queued,
  reviewRequested,
  tokenOf,
  waiting,
  type Said,
} from '../support/events.ts';
import { given, inputOf, refusal } from '../support/given.ts';

const TERMS = { role: 'reviewer', approvals: 2 };
const of = (id: string, fence: number) => ({ sessionId: id, fence, agent: OTHER_AGENT });

/** Work in a session of its own that is in review, with two reviews: each is held, under this fence and the next. */
function inReview(id: string, reviews: readonly [string, string], fence: number): Said[] {
  const work = { task_id: id, session_id: id, round: 1, role: TERMS.role, not_for: [] };
  const lease = { sessionId: id, fence: fence + 2 };
  return [
    opened(id, fence),
    queued(id, { sessionId: id, review: TERMS }),
    claimed(id, lease),
    ...reviews.flatMap((review) => [opened(review, fence), queued(review, { sessionId: review, review_of: work })]),
    reviewRequested(id, reviews, lease),
    ...reviews.map((review, nth) => claimed(review, of(review, fence + nth))),
  ];
}

const A = inReview('a', ['v', 'w'], 10);

function waits(on: string, fence = 10) {
  return { items: [{ token: tokenOf(fence), outcome: 'waiting', on: [on] }] };
}

function cycle(ids: string, at = 0): unknown {
  return refusal('DEPENDENCY_CYCLE', ids, `items[${at}].on`);
}

test('a reviewer cannot wait for the work that it judges', () => {
  expect(() => given(...A).when(release, waits('a'))).toThrow(cycle('v → a → v'));
});

test('nor for what depends on that work, however many tasks are between', () => {
  const others = [
    opened('b', 1),
    blocked('b', ['a'], { sessionId: 'b' }),
    opened('c', 2),
    blocked('c', ['b'], { sessionId: 'c' }),
  ];
  expect(() => given(...A, ...others).when(release, waits('c'))).toThrow(cycle('v → c → b → a → v'));
});

test('nor for other work whose reviewer waits for the first work', () => {
  const other = inReview('b', ['x', 'y'], 20);
  const store = given(...A, ...other, waiting('x', ['a'], { lease: of('x', 20) }));

  expect(() => store.when(release, waits('b'))).toThrow(cycle('v → b → x → a → v'));
});

test('no holder can wait for work whose reviewer waits for its task', () => {
  const held = [opened('h', 1), queued('h', { sessionId: 'h' }), claimed('h', { sessionId: 'h', fence: 1 })];
  const store = given(...A, ...held);

  const after = store.and(waiting('v', ['h'], { lease: of('v', 10) }));
  const both = { items: [...waits('h').items, ...waits('a', 1).items] };
  expect(() => after.when(release, waits('a', 1))).toThrow(cycle('h → a → v → h'));
  expect(() => store.when(release, both)).toThrow(cycle('h → a → v → h', 1));
});

test('another review of the round can be waited for, and work of which the review has its verdict', () => {
  const store = given(...A, ...inReview('b', ['x', 'y'], 20));
  const done = ['x', 'y'].reduce((rows, review, nth) => {
    const verdict = { type: 'task.succeeded', payload: { outcome: 'approved', result: null } } as const;
    const event = { ...verdict, ...of(review, 20 + nth), taskId: review, leaseEffect: 'ended' } as const;
    return rows.and(event).and(approved('b', nth === 1, 'b'));
  }, store);

  expect(store.when(release, waits('w')).store.task('v').status).toBe('waiting');
  expect(done.when(release, waits('b')).store.task('v').status).toBe('queued');
});

test('the open reviews of work are loaded, under their locks, before it is decided', () => {
  const store = given(...A, ...inReview('b', ['x', 'y'], 20));
  const input = inputOf(release, waits('b'));

  expect(release.decide(input, store.load(release.scope(input))).needs).toMatchObject({ related: ['x', 'y'] });
  expect(store.when(release, waits('b')).store.task('v').status).toBe('waiting');
});
