// What proves a verdict (`release` of a review):
// - without a key, the name is believed; with one, the verdict must be signed, and so for a role that demands it
// - a signature counts for this agent, task, round, review, result, verdict and notes, and for nothing else
// - a key that was replaced or revoked signs nothing any more
// - what is refused writes nothing
import { expect, test } from 'vitest';
import { release, setAgentKey, setAgentPolicy } from '../../src/commands/index.ts';
import { keyFingerprint, notesDigest, verdictBytes, type VerdictToSign } from '../../src/log/verdict-signature.ts';
import type { AgentEventDraft } from '../../src/log/events.ts';
import { reviewOn } from '../../src/model/review.ts';
import {
  agentKeySet,
  agentRegistered,
  claimed,
  event,
  opened,
  OTHER_AGENT,
  queued,
  reviewRequested,
  signedRolesSet,
  tokenOf,
} from '../support/events.ts';
import { given, refusal, type Store } from '../support/given.ts';
import { newKey, type Key } from '../support/keys.ts';

const [KEY, OLD_KEY] = [newKey(), newKey()];
const TERMS = { role: 'reviewer', approvals: 2 };
const RESULT = { lines: 1 };

/** Two reviews of a task, both held by agents: `r` by the other agent under fence 2, `q` by the owner under fence 3. */
function inReview(...entries: readonly AgentEventDraft[]): Store {
  const requested = reviewRequested('a', ['r', 'q']);
  const of = { task_id: 'a', session_id: 's', round: 1, role: 'reviewer', not_for: [] };
  const review = (id: string) => [opened(id), queued(id, { sessionId: id, review_of: of })];
  return given(
    opened(),
    queued('a', { review: TERMS }),
    claimed('a'),
    { ...requested, payload: { ...requested.payload, result: RESULT } } as ReturnType<typeof event>,
    ...review('r'),
    ...review('q'),
    claimed('r', { sessionId: 'r', agent: OTHER_AGENT, fence: 2 }),
    claimed('q', { sessionId: 'q', agent: 'owner', fence: 3 }),
    ...entries,
  ).after(1);
}

const WITH_KEY = [agentRegistered(OTHER_AGENT), agentKeySet(KEY.publicKey, OTHER_AGENT)];

/** The signature over the approval of `r`, but for what is changed in it. */
function signature(changes: Partial<VerdictToSign> = {}, key: Key = KEY): string {
  return key.sign(
    verdictBytes({
      agent: OTHER_AGENT,
      verdict: 'approved',
      review: { id: 'r', of: { task_id: 'a', round: 1 } },
      reviewed: { namespace: 'default', result: JSON.stringify(RESULT) },
      notesSha256: notesDigest(undefined),
      ...changes,
    }),
  );
}

function judging(store: Store, more: object = {}) {
  return store.when(release, { items: [{ token: tokenOf(2), outcome: 'approved', ...more }] });
}

test('without a key the name is believed, and the verdict says so', () => {
  const { store } = judging(inReview());
  expect(reviewOn(store.task('a'))?.approved).toEqual([{ review: 'r', agent: OTHER_AGENT, proof: 'unproven' }]);
});

test('a signed verdict is proven by its signature, which is kept', () => {
  const decided = judging(inReview(...WITH_KEY), { signature: signature() });
  const approval = decided.writes.events.find(({ type }) => type === 'task.approved');
  expect(JSON.parse(approval?.payload ?? '')).toMatchObject({
    proof: 'signature',
    signature: { value: signature(), notes_sha256: notesDigest(''), key: keyFingerprint(KEY.publicKey) },
  });
  expect(reviewOn(decided.store.task('a'))?.approved).toEqual([
    { review: 'r', agent: OTHER_AGENT, proof: 'signature', key: keyFingerprint(KEY.publicKey) },
  ]);
});

test('a request for changes signs its notes', () => {
  const signed = signature({ verdict: 'changes_requested', notesSha256: notesDigest('name it') });
  const changes = { outcome: 'changes_requested', note: 'name it' };
  const { store } = judging(inReview(...WITH_KEY), { ...changes, signature: signed });
  expect(store.task('a')).toMatchObject({ status: 'queued', note: 'name it' });
  expect(() => judging(inReview(...WITH_KEY), { ...changes, note: 'other', signature: signed })).toThrow(
    refusal('SIGNATURE_INVALID', OTHER_AGENT, 'items[0].signature'),
  );
});

test.for([
  ['an agent with a key', WITH_KEY, /has a key/],
  ['a role that demands it', [signedRolesSet('owner', 'reviewer')], /role reviewer demands/],
] as const)('a verdict that is not signed is refused: %s', ([_why, entries, message]) => {
  expect(() => judging(inReview(...entries))).toThrow(refusal('SIGNATURE_REQUIRED', message, 'items[0].signature'));
});

test('a role that demands nothing, and a key that was revoked, let unsigned verdicts pass', () => {
  const revoked = [...WITH_KEY, agentKeySet(null, OTHER_AGENT), signedRolesSet('owner')];
  expect(judging(inReview(...revoked)).reply).toMatchObject({ ok: true });
});

test.for<[string, Partial<VerdictToSign>]>([
  ['another task', { review: { id: 'r', of: { task_id: 'b', round: 1 } } }],
  ['another round', { review: { id: 'r', of: { task_id: 'a', round: 2 } } }],
  ['another review', { review: { id: 'q', of: { task_id: 'a', round: 1 } } }],
  ['another result', { reviewed: { namespace: 'default', result: '{"lines":2}' } }],
  ['another namespace', { reviewed: { namespace: 'other', result: JSON.stringify(RESULT) } }],
  ['another verdict', { verdict: 'changes_requested' }],
  ['another agent', { agent: 'owner' }],
  ['other notes', { notesSha256: notesDigest('well done') }],
])('a signature over %s is refused', ([_what, changes]) => {
  expect(() => judging(inReview(...WITH_KEY), { signature: signature(changes) })).toThrow(
    refusal('SIGNATURE_INVALID', OTHER_AGENT, 'items[0].signature'),
  );
});

test('a signature by another key is refused: of another agent, of before, or of an agent that has none', () => {
  const invalid = refusal('SIGNATURE_INVALID', OTHER_AGENT, 'items[0].signature');
  const replaced = [...WITH_KEY, agentKeySet(OLD_KEY.publicKey, OTHER_AGENT)];
  expect(() => judging(inReview(...replaced), { signature: signature() })).toThrow(invalid);
  expect(() => judging(inReview(...WITH_KEY), { signature: signature({}, OLD_KEY) })).toThrow(invalid);
  expect(() => judging(inReview(), { signature: signature() })).toThrow(invalid);
});

test('a signature that is none is refused, and so is one of what is no verdict', () => {
  const store = inReview(...WITH_KEY);
  expect(() => judging(store, { signature: 'x' })).toThrow(refusal('INVALID_INPUT', /86/, 'items[0].signature'));
  expect(() => judging(store, { signature: 'A'.repeat(86) })).toThrow(refusal('SIGNATURE_INVALID', OTHER_AGENT));
  expect(() => judging(store, { outcome: 'released', signature: signature() })).toThrow(
    refusal('INVALID_INPUT', /only be given with approved/, 'items[0].signature'),
  );
});

test('a verdict that comes after its round needs no signature: it changes nothing', () => {
  const over = inReview(...WITH_KEY).when(release, {
    items: [{ token: tokenOf(3), outcome: 'changes_requested', note: 'no' }],
  }).store;
  expect(judging(over.after(2)).store.task('r').status).toBe('cancelled');
});

function set(store: Store, publicKey: string | null, ms: number) {
  return store.after(ms).when(setAgentKey, { agent: OTHER_AGENT, publicKey });
}

test('a key is set, replaced and revoked, and the same again changes nothing', () => {
  const registered = given(agentRegistered(OTHER_AGENT));
  const first = set(registered, KEY.publicKey, 1).then([agentKeySet(KEY.publicKey, OTHER_AGENT)]);
  set(first, KEY.publicKey, 2).then([]);
  const replaced = set(first, OLD_KEY.publicKey, 3).then([agentKeySet(OLD_KEY.publicKey, OTHER_AGENT)]);
  const revoked = set(replaced, null, 4).then([agentKeySet(null, OTHER_AGENT)]);
  expect(revoked.agent(OTHER_AGENT)).toMatchObject({ status: 'active', publicKey: null });
  given().when(setAgentKey, { agent: OTHER_AGENT, publicKey: null }).then([], { ok: false, reason: 'not_found' });
  expect(() => set(registered, 'x', 1)).toThrow(refusal('INVALID_INPUT', /43/, 'publicKey'));
});

test('the roles that demand signatures are set besides the policy, each without the other', () => {
  const set = given()
    .when(setAgentPolicy, { signedRoles: ['owner', 'auditor', 'owner'] })
    .then([signedRolesSet('auditor', 'owner')], { ok: true, agents: 'any', signedRoles: ['auditor', 'owner'] });
  const closed = set.after(1).when(setAgentPolicy, { agents: 'registered_only' });
  expect(closed.reply).toEqual({ ok: true, agents: 'registered_only', signedRoles: ['auditor', 'owner'] });
  closed.store
    .after(2)
    .when(setAgentPolicy, { signedRoles: ['owner', 'auditor'] })
    .then([]);
  const none = closed.store.after(3).when(setAgentPolicy, { signedRoles: [] });
  expect(none.reply).toEqual({ ok: true, agents: 'registered_only', signedRoles: [] });
  expect(() => given().when(setAgentPolicy, {})).toThrow(refusal('INVALID_INPUT', /must be given/, 'agents'));
});
