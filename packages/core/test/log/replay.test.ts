// Folding a log from empty, event by event:
// - a whole log gives the state that the events left
// - a gap, a broken chain, an edited event, a fence that does not grow and an event that cannot follow are each found
// - what is wrong has no effect
// - an event from before a text of tasks existed describes its task by no such text
// - a fault that is no broken rule is not swallowed
import { expect, test } from 'vitest';
import { hashEvent } from '../../src/log/chain.ts';
import type { Event } from '../../src/log/events.ts';
import { Replay } from '../../src/log/replay.ts';
import { NO_TASK_TEXTS, TASK_TEXTS_IN_EVENT } from '../../src/model/task-texts.ts';
import {
  cancelledWaiting,
  checkpointed,
  claimed,
  event,
  givenBack,
  opened,
  queued,
  recovered,
  succeeded,
  takenOver,
  type Said,
} from '../support/events.ts';
import { given } from '../support/given.ts';

const STORE = given(
  opened(),
  queued('a'),
  queued('b', { number: 2 }),
  claimed('a', { fence: 5 }),
  checkpointed('a', 1, { fence: 5 }),
  takenOver('a', 'expired', { lease: { fence: 5 } }),
  claimed('b', { fence: 6 }),
  succeeded('b', { fence: 6 }),
);
const LOG = STORE.log as Event[];

/** Adds all events, and tells the first mistake. */
function replay(log: readonly Event[], fold = new Replay()) {
  for (const one of log) {
    const mistake = fold.add(one);
    if (mistake !== null) return { ...mistake, at: one.seq };
  }
  return null;
}

/** The log with one event edited, from there on chained again as a forger would. */
function edited(seq: number, change: Partial<Event>): Event[] {
  let prevHash = '';
  return LOG.map((one) => {
    if (one.seq < seq) return one;
    const { id, hash: _hash, ...columns } = { ...one, ...(one.seq === seq ? change : { prevHash }) };
    prevHash = hashEvent(columns);
    return { ...columns, id, hash: prevHash };
  });
}

test('a whole log gives the state that the events left', () => {
  const fold = new Replay();

  expect(replay(LOG, fold)).toBeNull();

  expect(fold.session).toEqual(STORE.session('s'));
  expect([...fold.tasks.values()]).toEqual([STORE.task('a'), STORE.task('b')]);
  expect(fold.greatestFence).toBe(6);
});

test('an event that is missing is found', () => {
  const without = LOG.filter(({ seq }) => seq !== 3);

  expect(replay(without)).toEqual({ kind: 'gap', message: 'event 3 is missing: the next event is 4.', at: 4 });
});

test('an event that was put in a second time is found', () => {
  expect(replay([...LOG.slice(0, 2), ...LOG.slice(1)])).toMatchObject({ kind: 'gap', at: 2 });
});

test('an event that was edited is found', () => {
  const changed = LOG.map((one) => (one.seq === 2 ? { ...one, payload: '{}' } : one));

  expect(replay(changed)).toEqual({ kind: 'chain', message: 'event 2 was changed after it was written.', at: 2 });
});

test('an event that was edited with its hash is found by the one after it', () => {
  const [second] = edited(2, { agent: 'forger' }).slice(1);
  const changed = LOG.map((one) => (one.seq === 2 ? (second as Event) : one));

  expect(replay(changed)).toEqual({
    kind: 'chain',
    message: 'event 3 does not continue the hash chain of the event before it.',
    at: 3,
  });
});

test.each([
  ['smaller', 4],
  ['the same', 5],
  ['none', null],
])('a fence that does not grow is found, in a log that was forged: it is %s', (_what, fence) => {
  expect(replay(edited(7, { fence }))).toEqual({
    kind: 'fence',
    message: `the fence ${fence} is not greater than the last fence granted before.`,
    at: 7,
  });
});

test('an event that cannot follow is found, in a log that was forged', () => {
  expect(replay(edited(7, { taskId: 'c' }))).toEqual({
    kind: 'illegal_event',
    message: 'task.claimed cannot be event 7 of session s: its task was never queued.',
    at: 7,
  });
});

test('what is wrong has no effect', () => {
  const fold = new Replay();
  replay(LOG.slice(0, 6), fold);
  const before = fold.session;

  expect(replay(edited(7, { taskId: 'c' }).slice(6), fold)).not.toBeNull();

  expect(fold.session).toBe(before);
  expect(replay(LOG.slice(6), fold)).toBeNull();
});

test('only grants move the greatest fence', () => {
  const fold = new Replay();

  const life = [claimed('a', { fence: 5 }), givenBack('a', { fence: 5 }), cancelledWaiting('a')];
  replay(given(opened(), queued('a'), ...life).log, fold);

  expect(fold.greatestFence).toBe(5);
});

test('events about no task, and of an older log, are folded as well', () => {
  const store = given(
    opened(),
    queued('a'),
    claimed('a'),
    recovered('a', 'stale'),
    event('legacy.event', { word: 'x' }),
  );

  expect(replay(store.log)).toBeNull();
});

test('an event from before a text of tasks existed describes its task by no such text', () => {
  const { payload, ...said } = queued('a');
  const before = Object.entries(payload).filter(([key]) => !Object.hasOwn(TASK_TEXTS_IN_EVENT, key));
  const store = given(opened(), { ...said, payload: Object.fromEntries(before) } as Said);
  const fold = new Replay();

  expect(replay(store.log, fold)).toBeNull();

  // To the rows of a database an absent text is null: `undefined` would differ from it.
  const task = fold.tasks.get('a');
  expect(Object.keys(NO_TASK_TEXTS).map((name) => task?.[name as keyof typeof NO_TASK_TEXTS])).toEqual(
    Object.values(NO_TASK_TEXTS),
  );
  expect(before.length).toBeLessThan(Object.keys(payload).length);
});

test('a fault that is no broken rule is not swallowed', () => {
  const [first] = given(opened()).log;
  const { id, hash: _hash, ...columns } = { ...(first as Event), payload: '{' };

  expect(() => new Replay().add({ ...columns, id, hash: hashEvent(columns) })).toThrow(SyntaxError);
});
