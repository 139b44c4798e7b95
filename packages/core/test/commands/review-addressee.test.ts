// Every open review is for an agent, or a role, that may judge it:
// - one that was for an agent which has approved another review of the round is for its role again
// - so is one whose reviewer, whom the task names, claims nothing any more when the round begins
// - so is one whose hand-off is over, if the agent that handed it off has approved another one
// - a release that does several of these finds what its items before have done
import { expect, test } from 'vitest';
import { claim, release, retry, settle } from '../../src/commands/index.ts';
import { taskIdFor } from '../../src/model/ids.ts';
import { reviewOf } from '../../src/model/review.ts';
import {
  AGENT,
  NOW,
  OTHER_AGENT,
  SEED,
  agentDraining,
  agentRegistered,
  agentRetired,
  claimed,
  event,
  handedOff,
  opened,
  queued,
  tokenOf,
} from '../support/events.ts';
import { commandIdAt, given, refusal, type Store } from '../support/given.ts';

const OWNER = 'owner';
const ROLE = 'reviewer';
const NOW_FOR_ROLE = { assignee: null, role: ROLE, handedOffBy: null, handedOffAt: null, returnAt: null };
/** The two reviews of the round. */
const [ONE, OTHER] = [0, 1].map((nth) => taskIdFor(commandIdAt(NOW + 1), nth)) as [string, string];

function releasing(fence: number, outcome: string, more: object = {}) {
  return { token: tokenOf(fence), outcome, ...more };
}

/** A task whose work was done 1 ms after NOW, so that its reviews began. */
function inReview(task: object = {}): Store {
  const held = given(opened(), queued('a', { review: { role: ROLE, approvals: 2 }, ...task }), claimed('a'));
  return held.after(1).when(release, { items: [releasing(1, 'succeeded')] }).store;
}

const lease = (id: string, fence: number, agent: string) => ({ sessionId: id, fence, agent, at: NOW + 1 });

/** The other agent has claimed the first review, under fence 2, and approves it at 3 ms. */
function judged(store: Store, ...more: readonly object[]) {
  const items = [releasing(2, 'approved'), ...more];
  return store
    .and(claimed(ONE, lease(ONE, 2, OTHER_AGENT)))
    .after(3)
    .when(release, { items });
}

/** The owner has handed the other review off, held under fence 3. */
function handedOn(store: Store, to: string, byMs?: number): Store {
  return store
    .and(claimed(OTHER, lease(OTHER, 3, OWNER)))
    .and(handedOff(OTHER, { agent: to }, lease(OTHER, 3, OWNER), byMs));
}

function claimableBy(store: Store, agent: string): unknown {
  return store.after(9).when(claim, { agent, roles: [ROLE], seed: SEED }).reply;
}

test('a review that was handed off to its agent is for the role again, and its hand-off is over', () => {
  const { store, writes } = judged(handedOn(inReview(), OTHER_AGENT, 50));

  expect(store.task(OTHER)).toMatchObject({ ...NOW_FOR_ROLE, status: 'queued' });
  expect(writes.events.map(({ payload }) => payload)).toContain(
    `{"review":"${ONE}","reviewer":"${OTHER_AGENT}","role":"${ROLE}"}`,
  );
  expect(claimableBy(store, OWNER)).toMatchObject({ ok: true, claims: [{ task: { id: OTHER } }] });
  expect(store.after(100).when(settle, {}).writes.events).toEqual([]);
});

test.each([
  ['drains', agentDraining(OTHER_AGENT)],
  ['is retired', agentRetired(OTHER_AGENT)],
])('a review is for its role from the beginning if the reviewer whom the task names %s', (_why, ended) => {
  const held = given(opened(), queued('a', { review: { role: ROLE, approvals: 1 }, reviewer: OTHER_AGENT }));
  const store = [agentRegistered(OTHER_AGENT), ended].reduce((before, one) => before.andOfAgent(one), held);
  const begun = store
    .and(claimed('a'))
    .after(1)
    .when(release, { items: [releasing(1, 'succeeded')] }).store;

  expect(begun.task(ONE)).toMatchObject({ ...NOW_FOR_ROLE, status: 'queued' });
  expect(claimableBy(begun, OWNER)).toMatchObject({ ok: true, claims: [{ task: { id: ONE } }] });
});

test('a review that was for the reviewer whom the task names is for the role again', () => {
  const named = inReview({ reviewer: OTHER_AGENT });
  const store = named
    .and(claimed(OTHER, lease(OTHER, 2, OTHER_AGENT)))
    .after(3)
    .when(release, { items: [releasing(2, 'approved')] }).store;

  expect(named.task(ONE)).toMatchObject({ assignee: OTHER_AGENT, role: null });
  expect(store.task(ONE)).toMatchObject(NOW_FOR_ROLE);
  expect(claimableBy(store, OWNER)).toMatchObject({ ok: true, claims: [{ task: { id: ONE } }] });
});

test('a review that the agent holds, because it was handed off to it, is for the role once it is released', () => {
  const held = handedOn(inReview(), OTHER_AGENT).and(claimed(OTHER, lease(OTHER, 4, OTHER_AGENT)));
  const store = judged(held)
    .store.after(4)
    .when(release, { items: [releasing(4, 'released')] }).store;

  expect(store.task(OTHER)).toMatchObject({ ...NOW_FOR_ROLE, status: 'queued' });
  expect(claimableBy(store, OWNER)).toMatchObject({ ok: true });
});

test('a dead letter among the reviews is for the role, too, when it is retried', () => {
  const dead = handedOn(inReview(), OTHER_AGENT)
    .and(claimed(OTHER, lease(OTHER, 4, OTHER_AGENT)))
    .after(2)
    .when(release, { items: [releasing(4, 'failed', { final: true })] }).store;
  const store = judged(dead).store.after(4).when(retry, { taskId: OTHER }).store;

  expect(store.task(OTHER)).toMatchObject({ ...NOW_FOR_ROLE, status: 'queued' });
});

test('a review that is for another agent stays so', () => {
  const { store, writes } = judged(handedOn(inReview(), 'third'));

  expect(store.task(OTHER)).toMatchObject({ assignee: 'third', role: null, handedOffBy: OWNER });
  expect(writes.events.map(({ payload }) => payload)).toContain(`{"review":"${ONE}","reviewer":"${OTHER_AGENT}"}`);
});

/** The owner has handed the other review off for 50 ms, and then approved the first one. */
function senderJudged(): Store {
  return handedOn(inReview(), 'third', 50)
    .and(claimed(ONE, lease(ONE, 2, OWNER)))
    .after(3)
    .when(release, { items: [releasing(2, 'approved')] }).store;
}

test('a review that is not claimed in time goes to its role if its sender has approved another one', () => {
  const returned = { assignee: null, role: ROLE, returned_from: 'agent:third', return_at: NOW + 51 };
  const store = senderJudged()
    .after(60)
    .when(settle, {})
    .then([event('task.handed_back', returned, { sessionId: OTHER, taskId: OTHER })]);

  expect(store.task(OTHER)).toMatchObject({ assignee: null, role: ROLE, returnAt: null, returnedFrom: 'agent:third' });
  expect(store.after(70).when(claim, { agent: AGENT, roles: [ROLE], seed: SEED }).reply).toMatchObject({ ok: false });
  expect(store.after(70).when(claim, { agent: 'third', roles: [ROLE], seed: SEED }).reply).toMatchObject({ ok: true });
});

test('a review that came back to its sender is for the role once that one approves another', () => {
  const back = handedOn(inReview(), 'third', 1).after(2).when(settle, {}).store;
  const store = back
    .and({ ...claimed(ONE, lease(ONE, 2, OWNER)), at: NOW + 2 })
    .after(3)
    .when(release, { items: [releasing(2, 'approved')] }).store;

  expect(back.task(OTHER)).toMatchObject({ assignee: OWNER, returnedFrom: 'agent:third' });
  expect(store.task(OTHER)).toMatchObject({ ...NOW_FOR_ROLE, returnedFrom: null });
});

test('one release hands no review off to the agent that approves another one with it', () => {
  const held = inReview().and(claimed(OTHER, lease(OTHER, 3, OTHER_AGENT)));
  const handOff = releasing(3, 'handed_off', { to: { agent: OTHER_AGENT } });

  expect(() => judged(held, handOff)).toThrow(refusal('REVIEW_TWICE', OTHER_AGENT, 'items[1].to'));
  const items = [handOff, releasing(2, 'approved')];
  const both = held
    .and(claimed(ONE, lease(ONE, 2, OTHER_AGENT)))
    .after(3)
    .when(release, { items }).store;
  expect(both.task(OTHER)).toMatchObject({ ...NOW_FOR_ROLE, status: 'queued' });
});

test.each([
  [{ reviewer: OTHER_AGENT, review: ONE }, 'wrong about whom'],
  [{ reviewer: OWNER, review: ONE, role: ROLE }, 'wrong about whom'],
  [{ reviewer: OTHER_AGENT, review: ONE, role: 'owner' }, 'wrong about whom'],
])('an exclusion that does not say whom the review is for is illegal: %o', (payload, message) => {
  const store = handedOn(inReview(), OTHER_AGENT);
  expect(() => store.and(event('task.reviewer_excluded', payload, { sessionId: OTHER, taskId: OTHER }))).toThrow(
    refusal('INTERNAL', message),
  );
});

test('an event that gives a review to an agent that may not judge it is illegal', () => {
  const held = inReview().and(claimed(OTHER, lease(OTHER, 3, OWNER)));
  expect(reviewOf(held.task(OTHER))).toMatchObject({ role: ROLE, not_for: [AGENT] });
  expect(() => held.and(handedOff(OTHER, { agent: AGENT }, lease(OTHER, 3, OWNER)))).toThrow(
    refusal('INTERNAL', `agent ${AGENT} may not judge`),
  );
});
