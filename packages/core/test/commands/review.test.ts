// Reviews (`release` of a task that asks for one, and of the tasks that are reviews):
// - a success makes the task in_review, charges no attempt, and queues a review for each approval that it needs
// - the reviews are for the role that the task names, the first one for the agent that it names; not for its holders
// - a review ends with a verdict, and nothing else does: not with the failure of a task that it waits for either
// - the last approval that is needed makes the task succeed; changes put it back in its place, with the notes
// - changes cancel the other reviews of the round; a verdict of a round that is over changes nothing
// - the last round that asks for changes makes it a dead letter
// - a task that is cancelled, or whose session is closed, cancels its reviews; an open review cannot be cancelled alone
// - no agent claims the review of work that it held
// - each agent gives one verdict in a round: it claims no other review of it, and of two that it holds judges one
import { expect, test } from 'vitest';
import { cancel, claim, close, release, retry } from '../../src/commands/index.ts';
import { taskIdFor } from '../../src/model/ids.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { reviewOf, reviewOn } from '../../src/model/review.ts';
import { AGENT, claimed, failed, NOW, opened, OTHER_AGENT, queued, SEED, tokenOf } from '../support/events.ts';
import { commandIdAt, given, refusal, type Store } from '../support/given.ts';

const TERMS = { role: 'reviewer', approvals: 1 };
const OWNER = 'owner';

/** The ids of the reviews that the release at this time begins. */
const reviewAt = (ms: number, nth = 0) => taskIdFor(commandIdAt(NOW + ms), nth);

function releasing(fence: number, outcome: string, more: object = {}) {
  return { items: [{ token: tokenOf(fence), outcome, ...more }] };
}

/** A task that asks for reviews, held by the first agent under fence 1. */
function held(terms: { role: string; approvals: number } = TERMS, more: object = {}): Store {
  return given(opened(), queued('a', { review: terms, ...more }), claimed('a'));
}

/** The same, done 1 ms later. */
function done(terms: { role: string; approvals: number } = TERMS): Store {
  return held(terms)
    .after(1)
    .when(release, releasing(1, 'succeeded', { result: { lines: 1 } })).store;
}

/** An agent claims a review under a fence. */
function reviewing(store: Store, id: string, fence: number, agent = OTHER_AGENT): Store {
  return store.and(claimed(id, { sessionId: id, fence, agent, at: store.now }));
}

function statuses(store: Store, ...ids: string[]) {
  return ids.map((id) => store.task(id).status);
}

test('a success begins the review: no attempt is charged, and the review is queued in a session of its own', () => {
  const store = done();
  const task = store.task('a');

  expect(task).toMatchObject({ status: 'in_review', attempt: 0, result: '{"lines":1}', finishedAt: null });
  expect(reviewOn(task)).toEqual({ ...TERMS, round: 1, open: [reviewAt(1)], approved: [], holders: [AGENT] });
  expect(store.session('s')).toMatchObject({ status: 'idle', fence: null, tasksOpen: 1 });
  expect(store.task(reviewAt(1))).toMatchObject({
    sessionId: reviewAt(1),
    kind: 'review',
    status: 'queued',
    role: 'reviewer',
    assignee: null,
  });
  expect(reviewOf(store.task(reviewAt(1)))).toEqual({
    task_id: 'a',
    session_id: 's',
    round: 1,
    role: TERMS.role,
    not_for: [AGENT],
  });
});

test('as many reviews are queued as approvals are needed; the first is for the reviewer that the task names', () => {
  const store = held({ role: 'reviewer', approvals: 3 }, { reviewer: OTHER_AGENT })
    .after(1)
    .when(release, releasing(1, 'succeeded')).store;

  const reviews = [0, 1, 2].map((nth) => store.task(reviewAt(1, nth)));
  expect(reviews.map(({ assignee, role }) => [assignee, role])).toEqual([
    [OTHER_AGENT, null],
    [null, 'reviewer'],
    [null, 'reviewer'],
  ]);
  expect(new Set(reviews.map(({ number }) => number)).size).toBe(3);
});

test('the reviewer that the task names reviews nothing that it held', () => {
  const store = held(TERMS, { reviewer: AGENT }).after(1).when(release, releasing(1, 'succeeded')).store;
  expect(store.task(reviewAt(1))).toMatchObject({ assignee: null, role: 'reviewer' });
});

test('the last approval that is needed makes the task succeed, with its result', () => {
  const both = [reviewAt(1), reviewAt(1, 1)] as const;
  const first = reviewing(done({ role: 'reviewer', approvals: 2 }), both[0], 2)
    .after(2)
    .when(release, releasing(2, 'approved')).store;
  expect(statuses(first, 'a', ...both)).toEqual(['in_review', 'succeeded', 'queued']);
  const approved = [{ review: both[0], agent: OTHER_AGENT, proof: 'unproven' }];
  expect(reviewOn(first.task('a'))).toMatchObject({ round: 1, open: [both[1]], approved });

  const second = reviewing(first, both[1], 3, OWNER)
    .after(3)
    .when(release, releasing(3, 'approved', { note: 'good' })).store;
  expect(statuses(second, 'a', ...both)).toEqual(['succeeded', 'succeeded', 'succeeded']);
  expect(second.task('a')).toMatchObject({ result: '{"lines":1}', finishedAt: NOW + 3 });
  expect(second.task(both[1]).result).toBe('{"notes":"good","verdict":"approved"}');
  expect(second.session(both[1]).status).toBe('closed');
});

test('two approvals in one release are both counted', () => {
  const both = [reviewAt(1), reviewAt(1, 1)] as const;
  const store = reviewing(reviewing(done({ role: 'reviewer', approvals: 2 }), both[0], 2), both[1], 3, OWNER)
    .after(2)
    .when(release, { items: [2, 3].map((fence) => ({ token: tokenOf(fence), outcome: 'approved' })) }).store;
  expect(statuses(store, 'a', ...both)).toEqual(['succeeded', 'succeeded', 'succeeded']);
});

test('changes put the task back in its old place, with the notes; the next success begins the next round', () => {
  const changed = reviewing(done(), reviewAt(1), 2)
    .after(2)
    .when(release, releasing(2, 'changes_requested', { note: 'name it' })).store;
  const task = changed.task('a');
  expect(task).toMatchObject({ status: 'queued', queuedAt: NOW, note: 'name it', result: null, attempt: 0 });
  expect(task.finishedAt).toBeNull();

  const again = changed
    .and(claimed('a', { fence: 3, agent: OWNER, at: NOW + 2 }))
    .after(3)
    .when(release, releasing(3, 'succeeded')).store;
  expect(reviewOn(again.task('a'))).toMatchObject({ round: 2, open: [reviewAt(3)], approved: [] });
  expect(reviewOf(again.task(reviewAt(3)))?.not_for).toEqual([AGENT, OWNER]);
});

test('a reviewer that asks for changes and claims the next task gets none that waits behind the reviewed one', () => {
  const behind = reviewing(done(), reviewAt(1), 2)
    .and(queued('b', { number: 9 }))
    .after(2);

  const changes = { ...releasing(2, 'changes_requested', { note: 'name it' }), claimNext: { agent: OTHER_AGENT } };
  expect(behind.when(release, changes).reply).toMatchObject({ ok: true, next: [] });
  expect(behind.when(release, { ...releasing(2, 'approved'), claimNext: { agent: OTHER_AGENT } }).reply).toMatchObject({
    next: [{ task: { id: 'b' } }],
  });
});

test('changes must say what to change', () => {
  const store = reviewing(done(), reviewAt(1), 2).after(2);
  for (const note of [undefined, ' '])
    expect(() => store.when(release, releasing(2, 'changes_requested', { note }))).toThrow(
      refusal('INVALID_INPUT', /must be given with changes_requested/),
    );
});

test('changes cancel the other reviews: one that waits at once, one that is held by its next heartbeat', () => {
  const three = [0, 1, 2].map((nth) => reviewAt(1, nth)) as [string, string, string];
  const store = reviewing(reviewing(done({ role: 'reviewer', approvals: 3 }), three[0], 2), three[1], 3, OWNER)
    .after(2)
    .when(release, releasing(2, 'changes_requested', { note: 'no' })).store;
  expect(statuses(store, 'a', ...three)).toEqual(['queued', 'succeeded', 'running', 'cancelled']);
  expect(store.task(three[1]).cancelRequestedAt).toBe(NOW + 2);
  expect(store.session(three[2]).status).toBe('closed');

  const late = store.after(3).when(release, releasing(3, 'approved'));
  expect(statuses(late.store, 'a', three[1])).toEqual(['queued', 'cancelled']);
});

test('the last round that asks for changes makes it a dead letter, and a retry begins with the first again', () => {
  let store = held();
  for (let round = 1, fence = 1; round <= LIMITS.review_rounds_max; round += 1, fence += 2) {
    const at = 2 * round;
    store = store.after(at).when(release, releasing(fence, 'succeeded')).store;
    store = reviewing(store, reviewAt(at), fence + 1).after(at + 1);
    store = store.when(release, releasing(fence + 1, 'changes_requested', { note: 'no' })).store;
    if (round < LIMITS.review_rounds_max) store = store.and(claimed('a', { fence: fence + 2, at: NOW + at + 1 }));
  }
  expect(store.task('a')).toMatchObject({ status: 'failed', attempt: 0 });
  expect(store.task('a').error).toContain('review_rounds_exceeded');

  const retried = store.after(100).when(retry, { taskId: 'a' }).store;
  expect(retried.task('a')).toMatchObject({ status: 'queued', error: null });
  expect(reviewOn(retried.task('a'))).toMatchObject({ round: 0, holders: [AGENT] });
});

test('a review ends with a verdict, and nothing else does', () => {
  const store = reviewing(done(), reviewAt(1), 2).after(2);
  for (const outcome of ['succeeded', 'cancelled'])
    expect(() => store.when(release, releasing(2, outcome))).toThrow(
      refusal('INVALID_INPUT', /is a review/, 'items[0].outcome'),
    );
  expect(() => held().when(release, releasing(1, 'approved'))).toThrow(
    refusal('INVALID_INPUT', /is no review/, 'items[0].outcome'),
  );
  expect(store.after(2).when(release, releasing(2, 'released')).store.task(reviewAt(1)).status).toBe('queued');
});

/** The review waits for a task and an answer. */
function waits(onDependencyFailure: string) {
  return releasing(2, 'waiting', { on: ['b'], ask: { question: 'which?' }, onDependencyFailure });
}

test('a review waits for others, but never so that it is cancelled with them', () => {
  const others = [opened('b', 8), queued('b', { sessionId: 'b', number: 8 })];
  const dead = [claimed('b', { sessionId: 'b', fence: 9 }), failed('b', null, { sessionId: 'b', fence: 9 })];
  for (const events of [others, [...others, ...dead]]) {
    const store = events.reduce((rows, one) => rows.and(one), reviewing(done(), reviewAt(1), 2)).after(2);

    expect(() => store.when(release, waits('cancel'))).toThrow(
      refusal('INVALID_INPUT', /must be block or run: t\d+ is a review/, 'items[0].onDependencyFailure'),
    );
    for (const policy of ['block', 'run'])
      expect(store.when(release, waits(policy)).store.task(reviewAt(1)).status).toBe('waiting');
  }
});

test('a review is handed off to any agent but those that held the work', () => {
  const store = reviewing(done(), reviewAt(1), 2).after(2);
  expect(() => store.when(release, releasing(2, 'handed_off', { to: { agent: AGENT } }))).toThrow(
    refusal('REVIEW_OWN_WORK', AGENT, 'items[0].to'),
  );
  expect(
    store
      .after(2)
      .when(release, releasing(2, 'handed_off', { to: { agent: OWNER } }))
      .store.task(reviewAt(1)),
  ).toMatchObject({ status: 'queued', assignee: OWNER });
});

test('no agent claims the review of work that it held', () => {
  const call = { agent: AGENT, roles: ['reviewer'], seed: SEED };
  const refused = done()
    .after(2)
    .when(claim, { ...call, sessionId: reviewAt(1) });
  expect(refused.reply).toEqual({ ok: false, reason: 'review_own_work', taskId: reviewAt(1), holders: [AGENT] });
  expect(refused.writes.events).toEqual([]);
  expect(done().after(2).when(claim, call).reply).toMatchObject({ ok: false, reason: 'no_task' });
  expect(
    done()
      .after(2)
      .when(claim, { ...call, agent: OTHER_AGENT }).reply,
  ).toMatchObject({ ok: true });
});

/** The first of two reviews of a round was approved, by the other agent. */
function approvedOnce(more: (store: Store) => Store = (store) => store): Store {
  const held = more(reviewing(done({ ...TERMS, approvals: 2 }), reviewAt(1), 2));
  return held.after(2).when(release, releasing(2, 'approved')).store;
}

test('an agent that gave its verdict claims no other review of the round, and is told why', () => {
  const [store, other] = [approvedOnce(), reviewAt(1, 1)];
  expect(reviewOf(store.task(other))).toMatchObject({ not_for: [AGENT, OTHER_AGENT], judged_by: [OTHER_AGENT] });
  const call = { agent: OTHER_AGENT, roles: ['reviewer'], seed: SEED };

  const refused = store.after(3).when(claim, { ...call, sessionId: other });

  expect(refused.reply).toEqual({ ok: false, reason: 'review_twice', taskId: other, reviewed: 'a' });
  expect(refused.writes.events).toEqual([]);
  expect(store.after(3).when(claim, call).reply).toMatchObject({ ok: false, reason: 'no_task' });
  expect(store.after(3).when(claim, { ...call, agent: OWNER }).reply).toMatchObject({ ok: true });
  const own = store.after(3).when(claim, { ...call, agent: AGENT, sessionId: other });
  expect(own.reply).toMatchObject({ reason: 'review_own_work', holders: [AGENT] });
});

test('of two reviews of a round that it holds, an agent judges one', () => {
  const other = reviewAt(1, 1);
  const store = approvedOnce((held) => reviewing(held, other, 3)).after(3);

  for (const [outcome, more] of [
    ['approved', {}],
    ['changes_requested', { note: 'no' }],
  ] as const)
    expect(() => store.when(release, releasing(3, outcome, more))).toThrow(
      refusal('REVIEW_TWICE', OTHER_AGENT, 'items[0].outcome'),
    );
  expect(() => store.when(release, releasing(3, 'handed_off', { to: { agent: OTHER_AGENT } }))).toThrow(
    refusal('REVIEW_TWICE', OTHER_AGENT, 'items[0].to'),
  );
  expect(store.when(release, releasing(3, 'released')).store.task(other).status).toBe('queued');
});

test('one release gives one verdict of an agent in a round, and claims no other review of it', () => {
  const both = [reviewAt(1), reviewAt(1, 1)] as const;
  const round = done({ ...TERMS, approvals: 2 });
  const twice = reviewing(reviewing(round, both[0], 2), both[1], 3).after(2);
  const items = [2, 3].map((fence) => ({ token: tokenOf(fence), outcome: 'approved' }));
  expect(() => twice.when(release, { items })).toThrow(refusal('REVIEW_TWICE', OTHER_AGENT, 'items[1].outcome'));

  const claimNext = { agent: OTHER_AGENT, roles: ['reviewer'] };
  const next = reviewing(round, both[0], 2)
    .after(2)
    .when(release, { ...releasing(2, 'approved'), claimNext });
  expect(next.reply).toMatchObject({ ok: true, next: [] });
});

test('one claim takes one review of a round', () => {
  const claimed = done({ ...TERMS, approvals: 3 })
    .after(2)
    .when(claim, { agent: OTHER_AGENT, roles: ['reviewer'], seed: SEED, limit: 10 });
  expect(claimed.reply).toMatchObject({ ok: true, claims: [{ task: { id: reviewAt(1) } }] });
});

test('the next round is open to every reviewer again', () => {
  const changed = reviewing(approvedOnce(), reviewAt(1, 1), 3, OWNER)
    .after(3)
    .when(release, releasing(3, 'changes_requested', { note: 'no' })).store;
  const again = changed
    .and(claimed('a', { fence: 4, at: NOW + 3 }))
    .after(4)
    .when(release, releasing(4, 'succeeded')).store;
  expect(reviewOf(again.task(reviewAt(4)))).toMatchObject({ round: 2, not_for: [AGENT] });
});

test('a task that is cancelled, or whose session is closed, cancels its reviews', () => {
  const cancelled = done().after(2).when(cancel, { taskId: 'a' }).store;
  expect(statuses(cancelled, 'a', reviewAt(1))).toEqual(['cancelled', 'cancelled']);
  const closed = done().after(2).when(close, { sessionId: 's', cancelTasks: true }).store;
  expect(statuses(closed, 'a', reviewAt(1))).toEqual(['cancelled', 'cancelled']);
  const kept = reviewing(done(), reviewAt(1), 2).after(2).when(cancel, { taskId: 'a' }).store;
  expect(kept.task(reviewAt(1))).toMatchObject({ status: 'running', cancelRequestedAt: NOW + 2 });
});

test('an open review cannot be cancelled alone', () => {
  const refused = { ok: false, reason: 'open_review', reviewed: 'a' };
  expect(
    done()
      .after(2)
      .when(cancel, { taskId: reviewAt(1) }).reply,
  ).toEqual(refused);
  expect(
    done()
      .after(2)
      .when(close, { sessionId: reviewAt(1), cancelTasks: true }).reply,
  ).toEqual(refused);
});

test('a review that failed can be retried as long as its round lasts', () => {
  const failed = reviewing(done(), reviewAt(1), 2)
    .after(2)
    .when(release, releasing(2, 'failed', { final: true })).store;
  expect(statuses(failed, 'a', reviewAt(1))).toEqual(['in_review', 'failed']);
  expect(failed.after(3).when(retry, { taskId: reviewAt(1) }).reply).toMatchObject({ ok: true });

  const over = failed.after(3).when(cancel, { taskId: 'a' }).store.after(4);
  expect(over.when(retry, { taskId: reviewAt(1) }).reply).toEqual({ ok: false, reason: 'review_over', reviewed: 'a' });
});

test('the same success again is answered the same', () => {
  const again = done()
    .after(2)
    .when(release, releasing(1, 'succeeded', { result: { lines: 1 } }));
  expect(again.reply.items).toMatchObject([{ ok: true, status: 'in_review', repeated: true }]);
  expect(again.writes.events).toEqual([]);
});

test('work whose cancellation was requested is not reviewed', () => {
  const store = held()
    .after(1)
    .when(cancel, { taskId: 'a' })
    .store.after(2)
    .when(release, releasing(1, 'succeeded')).store;
  expect(store.task('a').status).toBe('cancelled');
});

// The ends are tried before and after the verdict, by one release: as by two releases, no review of the round is left.
test.for([
  { outcome: 'released' },
  { outcome: 'failed' },
  { outcome: 'failed', final: true },
  { outcome: 'handed_off', to: { role: 'owner' } },
  { outcome: 'waiting', ask: { question: 'Which one?' } },
])('one release asks for changes and ends another review of the round: %o', (end) => {
  const [one, other] = [reviewAt(1), reviewAt(1, 1)];
  const held = reviewing(reviewing(done({ ...TERMS, approvals: 2 }), one, 2), other, 3).after(2);
  const changes = { token: tokenOf(2), outcome: 'changes_requested', note: 'name it' };
  const ended = { token: tokenOf(3), ...end };

  for (const items of [
    [changes, ended],
    [ended, changes],
  ]) {
    const { store } = held.when(release, { items });
    expect(statuses(store, 'a', one)).toEqual(['queued', 'succeeded']);
    expect(['cancelled', 'failed']).toContain(store.task(other).status);
    expect(store.session(other).status).toBe('closed');
  }
});
