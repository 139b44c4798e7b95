// What `staleRecovery` does with the leases of dead holders:
// - a lease is closed once it is stale, not when it has only expired; the log says what was known of the holder
// - the task goes back into its old place, charged an interruption and no attempt; the context is kept
// - a holder that heartbeats in time, or after its lease expired, is left alone
// - evidence that the holder is dead closes a lease that is not stale; it counts for this lease and this process alone
// - a task whose cancellation was requested ends as cancelled; one that has no interruption left as a dead letter
// - a session that was made for the task closes with it, unless more work waits there
// - it works in batches, the stalest first, and says whether there may be more, of what was skipped too
// - a clock jump is processed first
// - the recoverer is named in the log; sent again, the command answers the same, whatever evidence comes with it
// - malformed input is refused
import { expect, test } from 'vitest';
import { heartbeat, recover } from '../../src/commands/index.ts';
import {
  AGENT,
  cancelAsked,
  cancelledWaiting,
  checkpointed,
  claimed,
  EVIDENCE,
  interruptedTooOften,
  LOGGED_EVIDENCE,
  NOW,
  OTHER_AGENT,
  opened,
  PROCESS,
  queued,
  recovered,
  sessionClosed,
  STALE_AFTER_MS,
  tokenOf,
  TTL_MS,
} from '../support/events.ts';
import { commandIdAt, given, inputOf, NO_ROWS, refusal } from '../support/given.ts';

/** What the reply says of the lease of the tests. */
const RECOVERED = {
  sessionId: 's',
  taskId: 'a',
  from: { agent: AGENT, instance: null, fence: 1 },
  reason: 'stale',
  outcome: 'requeued',
  expiresAt: NOW + TTL_MS,
  heartbeatAt: NOW,
  staleAt: NOW + STALE_AFTER_MS,
};

const NOTHING = { ok: true, recovered: [], more: false };

/** A session in which an agent works on a task. */
const HELD = [opened(), queued('a'), claimed('a')];

/** The same, by a process that is known. */
const HELD_BY_PROCESS = [opened(), queued('a'), claimed('a', { process: PROCESS })];

test('a lease is closed once it is stale, and the log says what was known of the holder', () => {
  given(opened(), queued('a'), claimed('a', { instance: 'run-1' }))
    .after(STALE_AFTER_MS)
    .when(recover, {})
    .then([recovered('a', 'stale', { lease: { instance: 'run-1' } })], {
      ok: true,
      recovered: [{ ...RECOVERED, from: { agent: AGENT, instance: 'run-1', fence: 1 } }],
      more: false,
    });
});

test('a lease that has only expired is not closed', () => {
  given(...HELD)
    .after(STALE_AFTER_MS - 1)
    .when(recover, {})
    .then([], NOTHING);
});

test('the task goes back into its old place, charged an interruption and no attempt', () => {
  const store = given(opened(), queued('a'), queued('b', { number: 2 }), claimed('a'))
    .after(STALE_AFTER_MS)
    .when(recover, {}).store;

  expect(store.task('a')).toMatchObject({ status: 'queued', queuedAt: NOW, attempt: 0, interruptions: 1 });
  expect(store.session('s')).toMatchObject({ status: 'idle', agent: null, fence: null, taskId: null, tasksOpen: 2 });
});

test('the context is kept', () => {
  const before = given(...HELD, checkpointed('a', 3));

  const { store } = before.after(STALE_AFTER_MS).when(recover, {});

  expect(store.session('s').context).toBe(before.session('s').context);
});

test('a holder that heartbeats in time is left alone', () => {
  const { store } = given(...HELD)
    .after(TTL_MS - 1)
    .when(heartbeat, { token: tokenOf(1) });

  store.after(STALE_AFTER_MS).when(recover, {}).then([], NOTHING);
});

test('a holder that heartbeats after its lease expired, and before it was stale, is left alone', () => {
  const { store } = given(...HELD)
    .after(TTL_MS + 1)
    .when(heartbeat, { token: tokenOf(1) });

  store.after(STALE_AFTER_MS).when(recover, {}).then([], NOTHING);
});

test('an idle session is not recovered', () => {
  given(opened(), queued('a')).after(STALE_AFTER_MS).when(recover, {}).then([], NOTHING);
});

test('evidence that the holder is dead closes a lease that is not stale', () => {
  const observed = { ...EVIDENCE, observed: 'its cgroup is empty' };
  const evidence = { ...LOGGED_EVIDENCE, observed: 'its cgroup is empty' };

  given(...HELD_BY_PROCESS)
    .when(recover, { evidence: [observed] })
    .then([recovered('a', 'dead', { evidence })], {
      ok: true,
      recovered: [{ ...RECOVERED, reason: 'dead' }],
      more: false,
    });
});

test('a lease that is stale is closed as stale, with the evidence', () => {
  given(...HELD_BY_PROCESS)
    .after(STALE_AFTER_MS)
    .when(recover, { evidence: [EVIDENCE] })
    .then([recovered('a', 'stale', { evidence: LOGGED_EVIDENCE })], { ok: true, recovered: [RECOVERED], more: false });
});

test.each([
  ['lease', { fence: 2 }],
  ['machine', { host: 'server' }],
  ['boot', { boot: 'boot-2' }],
  ['process', { pid: 4_712 }],
  ['process with the same number', { processStart: '100' }],
])('evidence about another %s proves nothing', (_what, other) => {
  given(...HELD_BY_PROCESS)
    .when(recover, { evidence: [{ ...EVIDENCE, ...other }] })
    .then([], NOTHING);
});

test('evidence about one session proves nothing about another', () => {
  const there = { sessionId: 'other', fence: 2, process: PROCESS };
  given(...HELD_BY_PROCESS)
    .and(opened('other', 2))
    .and(queued('b', { sessionId: 'other' }))
    .and(claimed('b', there))
    .when(recover, { evidence: [EVIDENCE, { ...EVIDENCE, sessionId: 'other' }] })
    .then([recovered('a', 'dead', { evidence: LOGGED_EVIDENCE })], {
      ok: true,
      recovered: [{ ...RECOVERED, reason: 'dead' }],
      more: false,
    });
});

test('evidence proves nothing about a holder whose process is not known', () => {
  given(...HELD)
    .when(recover, { evidence: [EVIDENCE] })
    .then([], NOTHING);
});

test('the first evidence that fits is enough', () => {
  const evidence = [{ ...EVIDENCE, pid: 1 }, EVIDENCE];

  const { reply } = given(...HELD_BY_PROCESS).when(recover, { evidence });

  expect(reply.recovered).toHaveLength(1);
});

test('a task whose cancellation was requested ends as cancelled', () => {
  given(...HELD, cancelAsked('a'))
    .after(STALE_AFTER_MS)
    .when(recover, {})
    .then([recovered('a', 'stale'), cancelledWaiting('a')], {
      ok: true,
      recovered: [{ ...RECOVERED, outcome: 'cancelled' }],
      more: false,
    });
});

test('a task that has no interruption left ends as a dead letter, and its session stays open', () => {
  const store = given(opened(), queued('a', { interruptions_max: 0 }), claimed('a'))
    .after(STALE_AFTER_MS)
    .when(recover, {})
    .then([recovered('a', 'stale'), interruptedTooOften('a', 1)], {
      ok: true,
      recovered: [{ ...RECOVERED, outcome: 'dead_lettered' }],
      more: false,
    });

  expect(store.task('a')).toMatchObject({ status: 'failed', attempt: 0, interruptions: 1 });
  expect(store.session('s')).toMatchObject({ status: 'idle', tasksOpen: 0 });
});

test('a task is requeued after as many interruptions as its limit, and not after more', () => {
  const again = { fence: 2, at: NOW + STALE_AFTER_MS };
  given(opened(), queued('a', { interruptions_max: 1 }), claimed('a'), recovered('a', 'stale'), claimed('a', again))
    .after(2 * STALE_AFTER_MS)
    .when(recover, {})
    .then([recovered('a', 'stale', { lease: again }), interruptedTooOften('a', 2)], {
      ok: true,
      recovered: [expect.objectContaining({ outcome: 'dead_lettered' })],
      more: false,
    });
});

test('a task of which cancellation was asked is cancelled, even with no interruption left', () => {
  given(opened(), queued('a', { interruptions_max: 0 }), claimed('a'), cancelAsked('a'))
    .after(STALE_AFTER_MS)
    .when(recover, {})
    .then([recovered('a', 'stale'), cancelledWaiting('a')]);
});

test('a session that was made for the task closes with it', () => {
  const own = { sessionId: 'a' };
  given(opened('a'), queued('a', { ...own, interruptions_max: 0 }), claimed('a', own))
    .after(STALE_AFTER_MS)
    .when(recover, {})
    .then([
      recovered('a', 'stale', { lease: own }),
      interruptedTooOften('a', 1, 'a'),
      sessionClosed('a', 'task_ended'),
    ]);
});

test('a session that was made for the task stays open while more work waits there', () => {
  const own = { sessionId: 'a' };
  const more = queued('b', { ...own, number: 2 });
  given(opened('a'), queued('a', { ...own, interruptions_max: 0 }), more, claimed('a', own))
    .after(STALE_AFTER_MS)
    .when(recover, {})
    .then([recovered('a', 'stale', { lease: own }), interruptedTooOften('a', 1, 'a')]);
});

test('a batch closes the stalest leases, and says that there may be more', () => {
  const store = given()
    .and(opened('s1'))
    .and(queued('a', { sessionId: 's1' }))
    .and(claimed('a', { sessionId: 's1', fence: 1, at: NOW + 1 }))
    .and(opened('s2'))
    .and(queued('b', { sessionId: 's2' }))
    .and(claimed('b', { sessionId: 's2', fence: 2 }))
    .after(STALE_AFTER_MS + 1);

  const first = store.when(recover, { limit: 1 });
  const second = first.store.when(recover, { limit: 2, commandId: commandIdAt(NOW, 2) });

  expect(first.reply).toMatchObject({ recovered: [{ sessionId: 's2' }], more: true });
  expect(second.reply).toMatchObject({ recovered: [{ sessionId: 's1' }], more: false });
});

test('it says that there is more if stale sessions were skipped, because they were locked', () => {
  const store = given(...HELD).after(STALE_AFTER_MS);
  const loaded = store.load(recover.scope(inputOf(recover, {})));
  const after = { ...NO_ROWS, session: (id: string) => store.session(id), task: (id: string) => store.task(id) };
  const replyTo = (skippedStale: boolean) =>
    recover.decide(inputOf(recover, {}), { ...loaded, skippedStale }).reply(after);

  expect(replyTo(true)).toMatchObject({ recovered: [{ sessionId: 's' }], more: true });
  expect(replyTo(false)).toMatchObject({ recovered: [{ sessionId: 's' }], more: false });
});

test('what evidence adds to a batch does not count for its limit', () => {
  const { reply } = given(...HELD_BY_PROCESS).when(recover, {
    limit: 1,
    evidence: [EVIDENCE],
  });

  expect(reply).toMatchObject({ recovered: [{ reason: 'dead' }], more: false });
});

test('it is shown stale sessions, a hundred by default, and those that evidence is about', () => {
  expect(recover.scope(inputOf(recover, { evidence: [EVIDENCE] }))).toEqual({
    by: 'stale',
    namespace: 'default',
    commandId: commandIdAt(NOW),
    limit: 100,
    extraSessionIds: ['s'],
  });
});

test('without evidence, it is shown stale sessions alone', () => {
  expect(recover.scope(inputOf(recover, {}))).toMatchObject({ by: 'stale', extraSessionIds: [] });
});

test('a session that is not held is passed over, even if it is shown', () => {
  const loaded = given(opened(), queued('a')).load({ by: 'task', namespace: 'default', taskId: 'a' });

  expect(recover.decide(inputOf(recover, {}), loaded).events).toEqual([]);
});

test('a clock jump is processed first', () => {
  const after = { namespace: 'default', sessionId: 's' };
  const { writes } = given(...HELD)
    .remembering({ jump: { seenAt: NOW, byMs: 5_000, after } })
    .after(STALE_AFTER_MS)
    .when(recover, {});

  expect(writes).toMatchObject({ reply: { kind: 'clock_jump', after }, events: [] });
});

test('the recoverer is named in the log', () => {
  const by = { agent: OTHER_AGENT, instance: 'run-9' };

  given(...HELD)
    .after(STALE_AFTER_MS)
    .when(recover, by)
    .then([recovered('a', 'stale', { by })]);
});

test('sent again, it answers the same, whatever evidence comes with it', () => {
  const call = { commandId: commandIdAt(NOW) };
  const first = given(...HELD)
    .after(STALE_AFTER_MS)
    .when(recover, call);

  const second = first.store.when(recover, { ...call, evidence: [EVIDENCE] });

  expect(second.writes).toMatchObject({ reply: { replayed: true }, events: [], sessions: [], tasks: [] });
  expect(second.reply).toEqual(first.reply);
});

test.each([
  ['limit', { limit: 0 }, 'INVALID_INPUT'],
  ['limit', { limit: 1_001 }, 'LIMIT_EXCEEDED'],
  ['agent', { agent: '' }, 'INVALID_INPUT'],
  ['evidence', { evidence: Array.from({ length: 1_001 }, () => EVIDENCE) }, 'LIMIT_EXCEEDED'],
  ['evidence[0].pid', { evidence: [{ ...EVIDENCE, pid: 0 }] }, 'INVALID_INPUT'],
  ['evidence[0].fence', { evidence: [{ ...EVIDENCE, fence: 0 }] }, 'INVALID_INPUT'],
  ['evidence[0].name', { evidence: [{ ...EVIDENCE, name: 'x' }] }, 'INVALID_INPUT'],
  ['stale', { stale: true }, 'INVALID_INPUT'],
])('a malformed %s is refused', (field, call, code) => {
  expect(() => inputOf(recover, call)).toThrow(refusal(code, '', field));
});
