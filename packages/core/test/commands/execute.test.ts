// What holds for every command:
// - it has a name of its own
// - its events are numbered, dated and chained, each after the session's last one, and carry the command's id
// - the time of an event never goes back within a session, whatever the clock says
// - rows are saved as they were and as they are, each once, with the next version; what did not change is not saved
// - the reply sees the rows as the events left them
// - an event that the command does not declare is refused, and with it everything
// - rows that were not loaded, and proofs of life of a session that is not held, are mistakes of ours
// - a deadline that a wrong clock set too far ahead is brought back by whichever command sees it, a refused one as well
// - it works on rows of the namespace of its input, unless an event names another
import { expect, test } from 'vitest';
import type { Decision } from '../../src/commands/command.ts';
import {
  answer,
  cancel,
  checkpoint,
  claim,
  clockJump,
  close,
  enqueue,
  heartbeat,
  recover,
  release,
  restore,
  retry,
} from '../../src/commands/index.ts';
import { CHAIN_START, hashEvent } from '../../src/log/chain.ts';
import type { EventDraft } from '../../src/log/events.ts';
import {
  AGENT,
  claimed,
  event,
  NOW,
  opened,
  OTHER_AGENT,
  queued,
  sessionClosed,
  STALE_AFTER_MS,
  tokenOf,
  TTL_MS,
} from '../support/events.ts';
import { commandIdAt, given, inputOf, refusal } from '../support/given.ts';
import { planted } from '../support/planted.ts';

const HELD = [opened(), queued('a'), claimed('a')];

const DONE = { ok: true };

/** A decision that these events happened. */
function happened(...events: EventDraft[]): Decision<typeof DONE> {
  return { events, reply: () => DONE };
}

test('each command has a name of its own, which stands in the identity of its requests', () => {
  const changing = [enqueue, claim, heartbeat, checkpoint, release, recover, cancel, retry, close, answer];
  const commands = [...changing, clockJump, restore];

  expect(commands.map(({ name }) => name)).toEqual([
    'enqueue',
    'claim',
    'heartbeat',
    'checkpoint',
    'release',
    'recover',
    'cancel',
    'retry',
    'close',
    'answer',
    'clock_jump',
    'restore',
  ]);
});

test("events are numbered and chained, each after the session's last one, and carry the command's id", () => {
  const commandId = commandIdAt(NOW, 5);

  const { log } = given(opened()).when(enqueue, {
    commandId,
    tasks: [{ id: 'a', sessionId: 's' }, { id: 'b' }],
  }).store;

  expect(log.map(({ id, streamKind, streamId, seq, commandId: by }) => [id, streamKind, streamId, seq, by])).toEqual([
    [1, 'session', 's', 1, null],
    [2, 'session', 's', 2, commandId],
    [3, 'session', 'b', 1, commandId],
    [4, 'session', 'b', 2, commandId],
  ]);
  const [first, second, third] = log;
  expect(second?.prevHash).toBe(first?.hash);
  expect(third?.prevHash).toBe(CHAIN_START);
  for (const { id: _id, hash, ...columns } of log) expect(hash).toBe(hashEvent(columns));
});

test('the session keeps the end of its chain', () => {
  const { store } = given(opened()).when(enqueue, { tasks: [{ id: 'a', sessionId: 's' }] });

  expect(store.session('s')).toMatchObject({ seq: 2, hash: store.log.at(-1)?.hash, updatedAt: NOW });
});

test('columns that an event does not fill are empty', () => {
  const { writes } = given(opened()).when(planted(happened(sessionClosed('s', 'requested')), CLOSES), {});

  expect(writes.events).toMatchObject([
    { taskId: null, agent: null, instance: null, fence: null, leaseEffect: null, commandId: null },
  ]);
});

const CLOSES = { events: ['session.closed'] } as const;

test('the time of an event never goes back within a session, whatever the clock says', () => {
  const store = given({ ...opened(), at: NOW + 9_000 });

  const { writes } = store.when(enqueue, { tasks: [{ id: 'a', sessionId: 's' }, { id: 'b' }] });

  expect(writes.events.map(({ streamId, at }) => [streamId, at])).toEqual([
    ['s', NOW + 9_000],
    ['b', NOW],
    ['b', NOW],
  ]);
});

test('an event is not before the last proof of life of its session', () => {
  const { store } = given(...HELD)
    .after(5_000)
    .when(heartbeat, { token: tokenOf(1) });

  const { writes } = store.after(1_000).when(release, { items: [{ token: tokenOf(1), outcome: 'released' }] });

  expect(writes.events).toMatchObject([{ at: NOW + 5_000 }]);
});

test('rows are saved as they were and as they are, each once, with the next version', () => {
  const store = given(opened(), queued('a'));

  const { writes } = store.when(claim, { agent: AGENT });

  expect(writes.sessions).toEqual([
    { before: store.session('s'), after: expect.objectContaining({ status: 'running', version: 1 }) },
  ]);
  expect(writes.tasks).toEqual([
    { before: store.task('a'), after: expect.objectContaining({ status: 'running', version: 1 }) },
  ]);
});

test('new rows were nothing before', () => {
  const { writes } = given().when(enqueue, { tasks: [{ id: 'a' }, { id: 'b', sessionId: 'a' }] });

  expect(writes.sessions).toEqual([{ before: null, after: expect.objectContaining({ id: 'a', version: 1 }) }]);
  expect(writes.tasks.map(({ before, after }) => [before, after.id, after.version])).toEqual([
    [null, 'a', 1],
    [null, 'b', 1],
  ]);
});

test('what did not change is not saved', () => {
  const { writes } = given(opened(), queued('a'), queued('b', { number: 2 })).when(claim, {
    agent: AGENT,
    sessionId: 's',
  });

  expect(writes.tasks.map(({ after }) => after.id)).toEqual(['a']);
});

test('rows that were evolved and renewed are saved once', () => {
  const renewals = [{ sessionId: 's', progress: '1' }, { sessionId: 's' }];
  const asked = event('task.cancel_requested', {}, { taskId: 'a' });

  const { writes } = given(...HELD).when(planted({ ...happened(asked), renewals }, ASKS), {});

  expect(writes.sessions).toMatchObject([{ after: { progress: '1', renewals: 2, seq: 4 } }]);
});

const ASKS = { events: ['task.cancel_requested'] } as const;

const STATUSES: Decision<unknown>['reply'] = (after) => ({
  ok: true,
  session: after.session('s').status,
  task: after.task('a').status,
});

test('the reply sees the rows as the events left them', () => {
  const end = event(
    'task.succeeded',
    { outcome: 'succeeded', result: null },
    { taskId: 'a', fence: 1, leaseEffect: 'ended' },
  );

  const decided = given(...HELD).when(planted({ events: [end], reply: STATUSES }, { events: ['task.succeeded'] }), {});

  expect(decided.reply).toEqual({ ok: true, session: 'idle', task: 'succeeded' });
});

test('an event that the command does not declare is refused, and with it everything', () => {
  const command = planted(
    happened(event('task.cancel_requested', {}, { taskId: 'a' }), sessionClosed('s', 'requested')),
    ASKS,
  );

  expect(() => given(...HELD).when(command, {})).toThrow(
    refusal('INTERNAL', '^The command close does not declare the event session.closed.$'),
  );
});

test('an event that cannot follow is refused by evolve', () => {
  const command = planted(happened(sessionClosed('s', 'requested')), CLOSES);

  expect(() => given(...HELD).when(command, {})).toThrow(refusal('INTERNAL', 'tasks of its session are open'));
});

test.each([
  ['session', (after: Parameters<Decision<unknown>['reply']>[0]) => after.session('x')],
  ['task', (after: Parameters<Decision<unknown>['reply']>[0]) => after.task('x')],
])('a %s that was not loaded is a mistake of ours', (what, reply) => {
  const command = planted<unknown>({ events: [], reply });

  expect(() => given(...HELD).when(command, {})).toThrow(refusal('INTERNAL', `^The ${what} x was not loaded.$`));
});

test('a proof of life of a session that is not held is a mistake of ours', () => {
  const command = planted({ ...happened(), renewals: [{ sessionId: 's' }] });

  expect(() => given(opened()).when(command, {})).toThrow(
    refusal('INTERNAL', '^Session s is not held, so it cannot be renewed.$'),
  );
});

test('a task that runs and is gone is a mistake of ours: the session must not count as free', () => {
  const input = inputOf(claim, { agent: AGENT, sessionId: 's' });
  const loaded = given(...HELD).load(claim.scope(input));
  const without = { ...loaded, sessions: loaded.sessions.map((one) => ({ ...one, task: null })) };

  expect(() => claim.decide(input, without)).toThrow(
    refusal('INTERNAL', '^The task a that runs in session s is missing.$'),
  );
});

test('a deadline that a wrong clock set too far ahead is brought back by whichever command sees it', () => {
  const ahead = given(opened(), queued('a'), claimed('a', { at: NOW + 3_600_000 })).after(10);
  const backAt = { leaseExpiresAt: NOW + 10 + TTL_MS, heartbeatAt: NOW + 10, staleAt: NOW + 10 + STALE_AFTER_MS };

  const seen = ahead.when(claim, { agent: OTHER_AGENT, sessionId: 's' });

  expect(seen.reply).toMatchObject({ reason: 'busy', until: NOW + 10 + TTL_MS });
  expect(seen.writes.events).toEqual([]);
  expect(seen.store.session('s')).toMatchObject({ ...backAt, renewals: 0, fence: 1, updatedAt: NOW + 3_600_000 });
});

test('a deadline that is just one TTL away stays', () => {
  const { writes } = given(...HELD).when(claim, { agent: OTHER_AGENT, sessionId: 's' });

  expect(writes.sessions).toEqual([]);
});

test('it works on rows of the namespace of its input', () => {
  const there = { namespace: 'other' };
  const store = given(...HELD, { ...opened('s', 2), ...there }, { ...queued('a'), ...there });

  const { writes, reply } = store.when(claim, { agent: AGENT, namespace: 'other', sessionId: 's' });

  expect(reply).toMatchObject({ ok: true, claims: [{ task: { namespace: 'other', id: 'a' } }] });
  expect(writes.events).toMatchObject([{ namespace: 'other', type: 'task.claimed' }]);
  expect(store.session('s').fence).toBe(1);
});
