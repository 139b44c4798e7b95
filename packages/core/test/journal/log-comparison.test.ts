/*
 * What journals say was acknowledged, compared with the log:
 *  - of each kind of call, the event that it promised is looked for, and nothing less will do
 *  - the order of the events does not matter, nor what else there is; another namespace is another log
 *  - what was refused, threw, or was never answered promises nothing
 *  - what an earlier command did counts where the answer said so, and only there
 *  - of a command that was sent several times one is told, in the order of the answers
 *  - it knows when a namespace is complete, so that no more events need to be read
 *  - events with their payload as text, and as the API shows them, count the same
 */
import { expect, test } from 'vitest';
import {
  attemptsOf,
  describeMissing,
  LogComparison,
  missingOperations,
  type Attempt,
  type JournaledCallName,
  type Journal,
  type LoggedEvent,
} from '../../src/journal/index.ts';

type Given = Readonly<Record<string, unknown>>;

interface CallOptions {
  readonly commandId?: string;
  readonly namespace?: string;
  readonly at?: number;
}

/** The journal of a run with one call, which was answered. */
function journalOf(
  command: JournaledCallName,
  request: Given,
  reply: Given,
  { commandId = 'c', at = 10, ...more }: CallOptions = {},
): Journal {
  return [
    { is: 'started', agent: 'a', instance: 'a.1', at: 1 },
    { is: 'sent', call: 1, command, request: { ...request, ...more, commandId }, at },
    { is: 'answered', call: 1, reply, at: at + 1 },
  ] as unknown as Journal;
}

function event(columns: Partial<LoggedEvent>): LoggedEvent {
  return {
    namespace: 'default',
    type: 'task.queued',
    leaseEffect: null,
    sessionId: 's',
    taskId: 't',
    agent: 'a',
    fence: 7,
    commandId: 'c',
    payload: {},
    ...columns,
  };
}

const lease = { sessionId: 's', agent: 'a', fence: 7 };
const released = { ok: true, sessionId: 's', taskId: 't', status: 'succeeded', runAt: null, repeated: false };
const claimed = { ok: true, claims: [{ lease, task: { id: 't' } }] };

/** Of each kind: a call, the event that it promised, and events that are not that one. */
const PROMISES: Record<
  Exclude<JournaledCallName, 'heartbeat'>,
  { readonly call: readonly [Given, Given]; readonly kept: Partial<LoggedEvent>; readonly others: Given[] }
> = {
  enqueue: {
    call: [{ tasks: [{}] }, { ok: true, tasks: [{ outcome: 'enqueued', task: { id: 't' } }] }],
    kept: { type: 'task.queued' },
    others: [{ taskId: 'other' }, { commandId: 'other' }, { type: 'task.retried' }],
  },
  claim: {
    call: [{ agent: 'a' }, claimed],
    kept: { type: 'task.claimed', leaseEffect: 'granted' },
    others: [{ taskId: 'other' }, { sessionId: 'other' }, { fence: 8 }, { agent: 'b' }, { commandId: 'other' }],
  },
  checkpoint: {
    call: [{ fence: 7 }, { ok: true, sessionId: 's', taskId: 't', turn: 3 }],
    kept: { type: 'session.checkpointed', payload: { turn: 3 } },
    others: [{ payload: { turn: 2 } }, { fence: 8 }, { commandId: 'other' }],
  },
  release: {
    call: [{ items: [{ fence: 7, outcome: 'succeeded' }] }, { ok: true, items: [released], next: [] }],
    kept: { type: 'task.succeeded', leaseEffect: 'ended', payload: { outcome: 'succeeded' } },
    others: [
      { fence: 8 },
      { sessionId: 'other' },
      { commandId: 'other' },
      { leaseEffect: null },
      { type: 'task.failed', payload: { outcome: 'failed' } },
    ],
  },
  recover: {
    call: [{}, { ok: true, recovered: [{ sessionId: 's', taskId: 't', from: { fence: 7 } }], more: false }],
    kept: { type: 'task.recovered', leaseEffect: 'ended' },
    others: [{ fence: 8 }, { sessionId: 'other' }, { commandId: 'other' }],
  },
  cancel: {
    call: [{ taskId: 't' }, { ok: true, status: 'cancelled' }],
    kept: { type: 'task.cancelled', commandId: 'other' },
    others: [{ type: 'task.cancel_requested' }, { taskId: 'other' }],
  },
  retry: {
    call: [{ taskId: 't42' }, { ok: true, task: { id: 't' } }],
    kept: { type: 'task.retried' },
    others: [{ taskId: 'other' }, { commandId: 'other' }],
  },
  answer: {
    call: [
      { taskId: 't42', answer: 'yes' },
      { ok: true, task: { id: 't' } },
    ],
    kept: { type: 'task.answered' },
    others: [{ taskId: 'other' }, { commandId: 'other' }],
  },
  close: {
    call: [{ sessionId: 's' }, { ok: true, cancelled: 0, more: false }],
    kept: { type: 'session.closed', taskId: null, commandId: 'other' },
    others: [{ sessionId: 'other' }],
  },
};

test.each(Object.entries(PROMISES))(
  'of %s, the event that it promised is looked for',
  (name, { call, kept, others }) => {
    const journal = journalOf(name as JournaledCallName, ...call);
    const elsewhere = event({ ...kept, namespace: 'elsewhere' });
    const near = others.map((other) => event({ ...kept, ...other }));

    expect(missingOperations([event(kept)], [journal])).toEqual([]);
    expect(missingOperations([...near, elsewhere, event(kept), ...near], [journal])).toEqual([]);
    for (const other of [elsewhere, ...near]) expect(missingOperations([other], [journal])).toHaveLength(1);
    const [missing] = missingOperations([elsewhere, ...near], [journal]);
    expect(missing).toMatchObject({ commandId: 'c', namespace: 'default', attempt: { agent: 'a', command: name } });
    expect(missing?.missing).toHaveLength(1);
  },
);

test('what tells of a missing operation names session, task and fence', () => {
  const [missing] = missingOperations([], [journalOf('claim', { agent: 'a' }, claimed)]);

  expect(missing?.missing).toEqual([
    {
      what: 'the grant of t under fence 7',
      type: 'task.claimed',
      own: true,
      sessionId: 's',
      taskId: 't',
      fence: 7,
      agent: 'a',
    },
  ]);
});

test('a heartbeat, a refusal, an error and a call without an answer promise nothing', () => {
  const refused = journalOf('release', { items: [{ fence: 7 }] }, { ok: false, items: [{ ok: false }], next: [] });
  const [start, sent] = journalOf('claim', { agent: 'a' }, claimed);
  const threw = { is: 'threw', call: 1, code: 'STORE_IO', message: '', at: 11 };
  const open = [start, sent] as Journal;
  const failed = [start, sent, threw] as Journal;
  const heartbeat = journalOf('heartbeat', { fence: 7 }, { ok: true });

  expect(missingOperations([], [refused, open, failed, heartbeat])).toEqual([]);
});

test('of several effects of one call, the missing ones are told', () => {
  const next = [{ lease: { ...lease, fence: 8 }, task: { id: 'u' } }];
  const items = [
    { fence: 7, outcome: 'succeeded' },
    { fence: 6, outcome: 'succeeded' },
  ];
  const reply = { ok: true, items: [released, { ok: false, reason: 'lease_lost' }], next };
  const journal = journalOf('release', { items }, reply);
  const end = event({ ...PROMISES.release.kept });

  expect(missingOperations([end], [journal])[0]?.missing).toMatchObject([{ what: 'the grant of u under fence 8' }]);
});

test('what an earlier command did counts where the answer said so', () => {
  const duplicate = { ok: true, tasks: [{ outcome: 'duplicate', task: { id: 't' } }] };
  const enqueue = journalOf('enqueue', { tasks: [{}] }, duplicate);
  const again = { ok: true, items: [{ ...released, repeated: true }], next: [] };
  const release = journalOf('release', PROMISES.release.call[0], again);
  const earlier = { commandId: 'earlier' };

  expect(missingOperations([event(earlier)], [enqueue])).toEqual([]);
  expect(missingOperations([], [enqueue])).toHaveLength(1);
  expect(missingOperations([event({ ...PROMISES.release.kept, ...earlier })], [release])).toEqual([]);
  expect(missingOperations([], [release])).toHaveLength(1);
});

test('of a command that was sent several times one is told, in the order of the answers', () => {
  const sent = [
    { commandId: 'late', at: 300 },
    { commandId: 'early', at: 100 },
    { commandId: 'early', at: 400 },
    { commandId: 'middle', at: 200 },
  ];
  const missing = missingOperations(
    [],
    sent.map((one) => journalOf('claim', { agent: 'a' }, claimed, one)),
  );

  expect(missing.map(({ commandId }) => commandId)).toEqual(['early', 'middle', 'late']);
  expect(describeMissing(missing)).toBe('3 acknowledged operations are missing (3 claim).');
});

test('a namespace in another form of Unicode is the same', () => {
  const [composed, decomposed] = ['가'.normalize('NFC'), '가'.normalize('NFD')];
  const journal = journalOf('claim', { agent: 'a' }, claimed, { namespace: decomposed });

  expect(missingOperations([event({ ...PROMISES.claim.kept, namespace: composed })], [journal])).toEqual([]);
});

test('it knows when a namespace is complete', () => {
  const comparison = new LogComparison<string>();
  const calls = [
    ['one', journalOf('claim', { agent: 'a' }, claimed, { namespace: 'one' })],
    ['two', journalOf('claim', { agent: 'a' }, claimed, { namespace: 'two' })],
  ] as const;
  for (const [kept, journal] of calls) comparison.expect(attemptsOf(journal)[0] as Attempt, kept);

  expect(comparison.namespaces).toEqual(['one', 'two']);
  expect(comparison.count).toBe(2);
  comparison.see(event({ ...PROMISES.claim.kept, namespace: 'one' }));
  expect([comparison.isComplete('one'), comparison.isComplete('two')]).toEqual([true, false]);
  expect(comparison.missing().map(({ attempt }) => attempt)).toEqual(['two']);
});

test('a payload counts the same as text and decoded', () => {
  const journal = journalOf('checkpoint', ...PROMISES.checkpoint.call);
  const { payload, ...kept } = PROMISES.checkpoint.kept;

  expect(missingOperations([event({ ...kept, payload: JSON.stringify(payload) })], [journal])).toEqual([]);
  expect(missingOperations([event({ ...kept, payload: JSON.stringify({ turn: 2 }) })], [journal])).toHaveLength(1);
});
