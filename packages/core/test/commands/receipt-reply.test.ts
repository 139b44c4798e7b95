// What a receipt keeps of a reply: no more than it must, since every command leaves one.
// - of a task, the columns that move, up to the last that is not empty; of a duplicate, that it is one
// - of a claim, what neither the request nor the seed gives again
// - of a release, what is not common to most
// - sessions that have the ids of the tasks are not named
import { expect, test } from 'vitest';
import { claim, enqueue, release } from '../../src/commands/index.ts';
import type { Receipt } from '../../src/model/receipt.ts';
import { AGENT, claimed, NOW, opened, queued, tokenOf, TTL_MS } from '../support/events.ts';
import { commandIdAt, given } from '../support/given.ts';

test('of a task, a receipt keeps the columns that move, up to the last that is not empty', () => {
  const queuedNow = ['queued', NOW, 0, 0, 0];
  const tasks = [{ id: 'a', sessionId: 's', payload: { word: 'body' } }];
  const delayed = { ...tasks[0], id: 'b', delayMs: 7, dedupeKey: 'k' };
  const { writes } = given(opened()).when(enqueue, { tasks: [...tasks, delayed, { ...delayed, id: 'c' }] });
  const scheduled = ['scheduled', NOW + 7, 0, 0, 0, null, null, NOW + 7, NOW];

  expect(keptOf(writes.receipt)).toEqual({
    sessions: [],
    tasks: ['a', 'b', 'b'],
    reply: [queuedNow, scheduled, { duplicate: scheduled }],
  });
});

test('of a claim, a receipt keeps what neither the request nor the seed gives again', () => {
  const { writes } = given(opened('a'), queued('a', { sessionId: 'a' })).when(claim, { agent: AGENT, ttlMs: TTL_MS });

  expect(keptOf(writes.receipt)).toEqual({
    tasks: ['a'],
    reply: [{ fence: NOW * 1_000, task: ['running', NOW, 1, 0, 0, NOW] }],
  });
});

test.each([
  ['that is tried again later', 's', 'failed', { sessionId: 's', runAt: expect.any(Number) as number }],
  ['of a session that was made for it', 'a', 'succeeded', {}],
])(
  'sent again, it answers the same for a task %s; the receipt keeps no more than it must',
  (_what, id, outcome, more) => {
    const call = { items: [{ token: tokenOf(1), outcome }], commandId: commandIdAt(NOW) };
    const store = given(opened(id), queued('a', { sessionId: id }), claimed('a', { sessionId: id }));
    const first = store.when(release, call);

    const second = first.store.when(release, call);

    expect(second.reply).toEqual(first.reply);
    const status = outcome === 'failed' ? 'scheduled' : outcome;
    expect(JSON.parse(first.writes.receipt?.reply ?? '')).toEqual({
      reply: { items: [{ taskId: 'a', status, ...more }] },
    });
  },
);

function keptOf(receipt: Receipt | null): unknown {
  return receipt === null ? null : JSON.parse(receipt.reply);
}
