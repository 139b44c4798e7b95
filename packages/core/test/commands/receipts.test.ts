// How a command that is sent again has its effect once:
// - a receipt is stored exactly when the reply is ok and there were events
// - it holds the request's hash and the reply, and the time from which it is kept
// - the same request is answered again without an effect; another one under the same id is an error
// - fields that a command declares as no part of the request's identity may differ, and no others
// - without a receipt, an id that is more than seven days old, or more than an hour ahead, is refused
// - so it is by the clock of the process that sends it, if that is another one than the store's
// - receipts that are over by eight days are forgotten; the bound is stored, and ids up to it are refused
// - nothing is guessed from the names of fields: a reply is kept and restored as its command declares
// - tasks are answered as they were, with their bodies; rows that are missing are a mistake of ours
import { expect, test } from 'vitest';
import { claim, close, enqueue, heartbeat, recover } from '../../src/commands/index.ts';
import { execute, requestHash } from '../../src/commands/execute.ts';
import { canonicalize } from '../../src/log/canonical.ts';
import { sha256 } from '../../src/model/sha256.ts';
import {
  AGENT,
  cancelAsked,
  checkpointed,
  claimed,
  EVIDENCE,
  givenBack,
  NOW,
  opened,
  PROCESS,
  queued,
  sessionClosed,
  succeeded,
  TTL_MS,
} from '../support/events.ts';
import { commandIdAt, given, inputOf, readingAt, refusal } from '../support/given.ts';
import { planted } from '../support/planted.ts';

const DAY_MS = 86_400_000;

const closing = sessionClosed('s', 'requested');

const ID = commandIdAt(NOW);

test.each([
  ['ok, with events', true, [closing], true],
  ['ok, without events', true, [], false],
  ['refused, with events', false, [closing], false],
  ['refused, without events', false, [], false],
])('a receipt is stored exactly when the reply is ok and there were events: %s', (_what, ok, events, stored) => {
  const command = planted({ events, reply: () => ({ ok }) }, { events: ['session.closed'] });

  const { writes } = given(opened()).when(command, { commandId: ID });

  expect(writes.receipt !== null).toBe(stored);
});

test('a command that declares no receipt leaves none', () => {
  const command = planted(
    { events: [closing], reply: () => ({ ok: true }) },
    { events: ['session.closed'], receipt: null },
  );

  expect(given(opened()).when(command, { commandId: ID }).writes.receipt).toBeNull();
});

test('a command without an id leaves none', () => {
  const command = planted({ events: [closing], reply: () => ({ ok: true }) }, { events: ['session.closed'] });

  expect(given(opened()).when(command, {}).writes.receipt).toBeNull();
});

test('a claim that closed a lease and got nothing leaves none, and is decided again', () => {
  const call = { agent: AGENT, sessionId: 's', kinds: ['other'], commandId: ID };
  const first = given(opened(), queued('a'), claimed('a')).after(TTL_MS).when(claim, call);

  const second = first.store.and(queued('b', { number: 2, kind: 'other', priority: 0 })).when(claim, call);

  expect(first.writes.events).toHaveLength(1);
  expect(second.reply).toMatchObject({ ok: true, claims: [{ task: { id: 'b' } }] });
});

test('it holds the hash of the request, the reply, and the time from which it is kept', () => {
  const { writes } = given(opened()).after(7).when(close, { sessionId: 's', commandId: ID });

  expect(writes.receipt).toEqual({
    namespace: 'default',
    commandId: ID,
    requestHash: sha256('["close",{"cancelTasks":false,"namespace":"default","sessionId":"s"}]'),
    reply: '{"reply":{"ok":true,"cancelled":0,"more":false}}',
    at: NOW + 7,
  });
});

test('a receipt whose id is ahead of the clock is kept from the time of its id', () => {
  const { writes } = given(opened()).when(close, { sessionId: 's', commandId: commandIdAt(NOW + 1_000) });

  expect(writes.receipt).toMatchObject({ at: NOW + 1_000 });
});

test('receipts that are over by eight days are forgotten', () => {
  const { writes } = given(opened())
    .remembering({ receipts: { until: 0, heldUntil: NOW } })
    .after(9 * DAY_MS)
    .when(close, { sessionId: 's' });

  expect(writes.forgetReceiptsAt).toBe(NOW + DAY_MS);
  expect(writes.clock?.receipts?.until).toBe(NOW + DAY_MS);
});

test('none is forgotten beyond the bound that is stored', () => {
  const clock = { last: readingAt(NOW), receipts: { until: NOW - 9 * DAY_MS, heldUntil: 0 } };
  const { writes } = given(opened()).remembering(clock).after(9_999).when(close, { sessionId: 's' });

  expect(writes).toMatchObject({ clock: null, forgetReceiptsAt: NOW - 9 * DAY_MS });
});

test('the same request is answered again without an effect', () => {
  const first = given(opened()).when(close, { sessionId: 's', commandId: ID });

  const second = first.store.after(9).when(close, { commandId: ID, cancelTasks: false, sessionId: 's' });

  expect(second.writes).toEqual({
    reply: { kind: 'reply', reply: { ok: true, cancelled: 0, more: false }, replayed: true },
    sessions: [],
    tasks: [],
    agents: [],
    events: [],
    receipt: null,
    forgetReceiptsAt: 0,
    clock: null,
  });
});

test('a command that is judged for the first time is not replayed', () => {
  expect(given(opened()).when(close, { sessionId: 's' }).writes.reply).toMatchObject({ replayed: false });
});

test.each([
  ['other input', close, { sessionId: 's', cancelTasks: true }],
  ['another command', enqueue, { tasks: [{ id: 'a' }] }],
])('another request under the same id is an error: %s', (_what, command, call) => {
  const { store } = given(opened()).when(close, { sessionId: 's', commandId: ID });

  expect(() => store.when(command as typeof close, { ...call, commandId: ID })).toThrow(
    refusal('COMMAND_ID_REUSED', `^The command id ${ID} was used for another request.$`, 'commandId'),
  );
});

const CLAIM_SESSION = { agent: AGENT, sessionId: 's' };

test.each([
  ['the process that will hold the lease', {}, { process: PROCESS }],
  ['what the claimant saw of other processes', CLAIM_SESSION, { evidence: [EVIDENCE] }],
])('of a claim, %s is no part of the identity of the request', (_what, call, other) => {
  expect(hashOfClaim({ ...call, ...other })).toBe(hashOfClaim(call));
});

test.each([
  ['the instance', { instance: 'run-2' }],
  ['the seed', { seed: '0'.repeat(32) }],
  ['the limit', { limit: 2 }],
])('of a claim, %s is part of it', (_what, other) => {
  expect(hashOfClaim(other)).not.toBe(hashOfClaim({}));
});

test('of a recovery, the evidence is no part of it, and the recoverer is', () => {
  const [without, withEvidence, byAgent] = [{}, { evidence: [EVIDENCE] }, { agent: AGENT }].map((call) =>
    requestHash(recover, inputOf(recover, call)),
  );

  expect(withEvidence).toBe(without);
  expect(byAgent).not.toBe(without);
});

test('the id of a command is not part of the identity of its request', () => {
  expect(hashOfClaim({ commandId: commandIdAt(NOW, 1) })).toBe(hashOfClaim({ commandId: commandIdAt(NOW, 2) }));
});

test.each([
  ['seven days old', NOW, 7 * DAY_MS],
  ['an hour ahead', NOW + 3_600_000, 0],
])('an id that is %s is judged', (_what, at, later) => {
  const { reply } = given(opened())
    .after(later)
    .when(close, { sessionId: 's', commandId: commandIdAt(at) });

  expect(reply).toMatchObject({ ok: true });
});

test.each([
  ['more than seven days old', NOW, 7 * DAY_MS + 1, 'is older than 7 days'],
  ['more than an hour ahead', NOW + 3_600_001, 0, "is more than an hour ahead of the store's clock"],
])('an id that is %s is refused', (_what, at, later, message) => {
  const commandId = commandIdAt(at);

  const decided = given(opened()).after(later).when(close, { sessionId: 's', commandId });

  expect(decided.writes).toMatchObject({ events: [], receipt: null, clock: null });
  expect(() => decided.reply).toThrow(
    refusal('COMMAND_ID_EXPIRED', `^The command id ${commandId} ${message}.$`, 'commandId'),
  );
});

test('an id that is ahead says what to compare', () => {
  const call = { sessionId: 's', commandId: commandIdAt(NOW + 3_600_001) };

  expect(() => given(opened()).when(close, call).reply).toThrow(
    expect.objectContaining({ hint: 'Compare the clock of this machine with the clock of the store.' }),
  );
});

test.each([
  ['too old', 7 * DAY_MS + 1],
  ['too far ahead', -3_600_001],
])('an id that is %s by now gets the answer that it got before', (_what, laterMs) => {
  const { store, reply } = given(opened()).when(close, { sessionId: 's', commandId: ID });

  const again = store.after(laterMs).when(close, { sessionId: 's', commandId: ID });

  expect(again.writes.reply).toMatchObject({ kind: 'reply', replayed: true });
  expect(again.reply).toEqual(reply);
});

/** A store, and a command of a process whose clock is so far ahead of the store's, with an id by its own clock. */
function sentBy(aheadMs: number, idMs = NOW + aheadMs) {
  const last = readingAt(NOW);
  const store = given(opened())
    .remembering({ last })
    .after(0, { wall: NOW + aheadMs, watch: [] });
  return store.when(close, { sessionId: 's', commandId: commandIdAt(idMs) });
}

test.each([-9 * DAY_MS, -2 * 3_600_000, 2 * 3_600_000, 30 * DAY_MS])(
  'a process %i ms ahead of the store makes ids by its own clock',
  (aheadMs) => {
    const { reply, writes } = sentBy(aheadMs);

    expect(reply).toMatchObject({ ok: true });
    expect(writes.events).toMatchObject([{ at: NOW }]);
    expect(writes.clock).toMatchObject({ others: [{ byMs: aheadMs, seenAt: NOW }] });
  },
);

test.each([
  ['older than seven days', -3_600_000, NOW - 3_600_000 - 7 * DAY_MS - 1],
  ['an hour ahead of it', 3_600_000, NOW + 2 * 3_600_000 + 1],
  ['an hour ahead of the store', -3_600_000, NOW + 3_600_001],
])('an id that is %s is refused, and the other clock recorded all the same', (_what, aheadMs, idMs) => {
  const decided = sentBy(aheadMs, idMs);

  expect(() => decided.reply).toThrow(refusal('COMMAND_ID_EXPIRED', 'The command id'));
  expect(decided.writes).toMatchObject({ events: [], clock: { others: [{ byMs: aheadMs }] } });
});

test('an id that was made by the clock of the store is taken from a process with another one', () => {
  expect(sentBy(-9 * DAY_MS, NOW + 3_600_000).reply).toMatchObject({ ok: true });
  expect(sentBy(9 * DAY_MS, NOW - 7 * DAY_MS).reply).toMatchObject({ ok: true });
});

test('an id whose receipt may be deleted is refused, whatever the clocks say', () => {
  const store = given(opened()).remembering({ receipts: { until: NOW, heldUntil: 0 } });

  expect(() => store.when(close, { sessionId: 's', commandId: commandIdAt(NOW) }).reply).toThrow(
    refusal('COMMAND_ID_EXPIRED', 'so old that its receipt may be deleted.$', 'commandId'),
  );
  expect(store.when(close, { sessionId: 's', commandId: commandIdAt(NOW + 1) }).reply).toMatchObject({ ok: true });
});

test('where none may be deleted, no id is too old for it, not even by a clock that stands at 1970', () => {
  const store = given(opened())
    .remembering({ last: readingAt(NOW) })
    .after(-NOW);

  expect(store.when(close, { sessionId: 's', commandId: commandIdAt(0) }).reply).toMatchObject({ ok: true });
});

/** A reply with fields that have the names of what other commands answer. */
const REPLY = {
  ok: true,
  context: { turn: 1 },
  lease: { token: 'visible', fence: 3 },
  task: { id: 'a', payload: { word: 'body' } },
  interruptionsMax: 2,
};

test('nothing is guessed from the names of fields: a plain reply is kept and restored as it is', () => {
  const command = planted({ events: [closing], reply: () => REPLY }, { events: ['session.closed'] });
  const first = given(opened()).when(command, { commandId: ID });

  const second = first.store.when(command, { commandId: ID });

  expect(second.reply).toEqual(REPLY);
  expect(second.writes.reply).toMatchObject({ replayed: true });
});

test('nothing is guessed from the names of fields: all of an input is its identity, unless declared otherwise', () => {
  const input = { namespace: 'default', commandId: ID, process: 1, evidence: 2, seed: 3 };
  const decision = { events: [], reply: () => REPLY };

  expect(requestHash(planted(decision), input)).toBe(hashOfClose({ process: 1, evidence: 2, seed: 3 }));
  expect(requestHash(planted(decision, { notIdentity: ['process'] }), input)).toBe(
    hashOfClose({ evidence: 2, seed: 3 }),
  );
});

test('a task is answered as it was, with its body, whatever became of it since', () => {
  const call = { commandId: ID, tasks: [{ id: 'a', sessionId: 's', payload: { word: 'body' }, assignee: AGENT }] };
  const first = given(opened()).when(enqueue, call);
  const since = [claimed('a'), cancelAsked('a'), succeeded('a')];

  const second = since.reduce((store, event) => store.and(event), first.store).when(enqueue, call);

  expect(second.reply).toEqual(first.reply);
  expect(second.reply.tasks[0]?.task).toMatchObject({
    status: 'queued',
    payload: '{"word":"body"}',
    assignee: AGENT,
    cancelRequestedAt: null,
    startedAt: null,
  });
});

test('of several claims, each is answered with the context of its own session', () => {
  const sessions = ['s', 't'].flatMap((sessionId, at) => {
    const lease = { sessionId, fence: at + 1 };
    const id = sessionId.repeat(2);
    return [
      opened(sessionId, at + 1),
      queued(id, { sessionId, number: at + 1 }),
      claimed(id, lease),
      checkpointed(id, at + 7, lease),
      givenBack(id, lease),
    ];
  });
  const call = { agent: AGENT, limit: 2, commandId: ID };
  const first = given(...sessions).when(claim, call);

  const second = first.store.when(claim, call);

  expect(second.reply).toEqual(first.reply);
  expect(second.reply).toMatchObject({ claims: [{ context: { turn: 7 } }, { context: { turn: 8 } }] });
});

test('a context that is gone is answered as none', () => {
  const call = { agent: AGENT, commandId: ID };
  const first = given(opened(), queued('a')).when(claim, call);
  const loaded = first.store.load(claim.scope(inputOf(claim, call)));
  const input = inputOf(claim, call);

  const again = execute(claim, input, requestHash(claim, input), { ...loaded, sessions: [] });

  expect(again.reply).toMatchObject({ replayed: true, reply: { claims: [{ context: null }] } });
});

test('a task of a receipt that was not loaded is a mistake of ours', () => {
  const call = { commandId: ID, tasks: [{ id: 'a', sessionId: 's' }] };
  const { store } = given(opened()).when(enqueue, call);
  const input = inputOf(enqueue, call);
  const loaded = { ...store.load(enqueue.scope(input)), tasks: [] };

  expect(() => execute(enqueue, input, requestHash(enqueue, input), loaded)).toThrow(
    refusal('INTERNAL', '^The task a of a receipt was not loaded.$'),
  );
});

test('a receipt for a command that keeps none is a mistake of ours', () => {
  const { store } = given(opened()).when(close, { sessionId: 's', commandId: ID });
  const command = planted({ events: [], reply: () => ({ ok: true }) }, { receipt: null });

  expect(() => store.when(command, { commandId: ID })).toThrow(
    refusal('INTERNAL', '^A receipt was found for a command that stores none.$'),
  );
  expect(heartbeat.receipt).toBeNull();
});

function hashOfClaim(call: object): string {
  return requestHash(claim, inputOf(claim, { agent: AGENT, ...call }));
}

function hashOfClose(fields: object): string {
  return sha256(canonicalize(['close', { namespace: 'default', ...fields }]));
}
