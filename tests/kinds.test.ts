// Payload and result types per kind, with any Standard Schema library:
// - a payload is checked and filled in by its kind's schema, and typed by it
// - a payload that does not fit is refused before anything is written, and the error names the place
// - a kind that was not declared is refused
// - a result is checked when the kind is given
// - a command is the same when it is sent again, if a schema makes another value each time, or changes what it gets; so
//   is a batch of which an item was refused at first
import { newCommandId, newSeed } from '@agent-orchestrator/runtime';
import { openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { Orchestrator } from '@agent-orchestrator/core';

const kinds = {
  'hash-file': {
    payload: z.object({ path: z.string(), algorithm: z.string().default('sha256') }),
    result: z.object({ hash: z.string() }),
  },
  ping: {},
};

const open = () => new Orchestrator({ storage: openMemoryStorage(), newCommandId, newSeed, kinds });

test("a payload is checked and filled in by its kind's schema, and typed by it", async () => {
  const orchestrator = open();
  await orchestrator.enqueueTask({ kind: 'hash-file', payload: { path: 'a.ts' } });

  const claimed = await orchestrator.claimTask({ agent: 'company-agent' });

  if (!claimed.ok || claimed.task.kind !== 'hash-file') throw new Error('nothing was claimed');
  expectTypeOf(claimed.task.payload).toEqualTypeOf<{ path: string; algorithm: string }>();
  expect(claimed.task.payload).toEqual({ path: 'a.ts', algorithm: 'sha256' });
});

test('a payload that does not fit is refused before anything is written, and the error names the place', async () => {
  const orchestrator = open();

  const sound = { kind: 'hash-file', payload: { path: 'a.ts' } } as const;

  // @ts-expect-error -- the type refuses it too
  const one = orchestrator.enqueueTask({ kind: 'hash-file', payload: { path: 7 } });
  // @ts-expect-error -- the type refuses it too
  const several = orchestrator.enqueueTasks([sound, { kind: 'hash-file', payload: { path: 7 } }]);

  await expect(one).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'payload.path' });
  await expect(several).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'tasks[1].payload.path' });
  expect(await orchestrator.listTasks()).toEqual({ items: [], next: null });
});

test('a kind that was not declared is refused', async () => {
  // @ts-expect-error -- the type refuses it too
  await expect(open().enqueueTask({ kind: 'other', payload: {} })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    field: 'kind',
  });
});

test('a result is checked when the kind is given', async () => {
  const orchestrator = open();
  await orchestrator.enqueueTask({ kind: 'hash-file', payload: { path: 'a.ts' } });
  const claimed = await orchestrator.claimTask({ agent: 'company-agent' });
  if (!claimed.ok) throw new Error('nothing was claimed');
  const { token } = claimed.lease;

  // @ts-expect-error -- the type refuses it too
  const wrong = orchestrator.releaseTask({ token, kind: 'hash-file', outcome: 'succeeded', result: {} });
  await expect(wrong).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'result.hash' });

  const right = await orchestrator.releaseTask({
    token,
    kind: 'hash-file',
    outcome: 'succeeded',
    result: { hash: 'ab' },
  });
  expect(right).toMatchObject({ ok: true, status: 'succeeded' });
});

test('a command is the same when it is sent again, whatever its schema makes of it', async () => {
  let made = 0;
  const changing = z.looseObject({}).transform((value) => {
    made += 1;
    return Object.assign(value, { id: made });
  });
  const orchestrator = new Orchestrator({
    storage: openMemoryStorage(),
    newCommandId,
    newSeed,
    kinds: { mail: { payload: changing, result: changing } },
  });
  const task = { id: 'mail', kind: 'mail', payload: { to: 'jane' } } as const;
  const enqueue = { tasks: [task], commandId: newCommandId() };
  const enqueued = [1, 2].map(async () => orchestrator.enqueueTasks(enqueue.tasks, { commandId: enqueue.commandId }));
  const [first, again] = await Promise.all(enqueued);
  const claimed = await orchestrator.claimTask({ agent: 'company-agent' });
  if (!claimed.ok) throw new Error('nothing was claimed');
  const { token } = claimed.lease;
  const result = { sent: true };
  const end = { token, kind: 'mail', outcome: 'succeeded', commandId: newCommandId(), seed: newSeed() } as const;
  const ended = await orchestrator.releaseTask({ ...end, result });
  const endedAgain = await orchestrator.releaseTask({ ...end, result });

  expect(again).toEqual(first);
  expect(endedAgain).toEqual(ended);
  expect(made).toBe(4);
  expect([task.payload, result]).toEqual([{ to: 'jane' }, { sent: true }]);
  expect(await orchestrator.getTask('mail')).toMatchObject({ payload: { to: 'jane' }, result: { sent: true, id: 3 } });
});

test('so is a batch of which an item was refused at first; a later change of the caller is not seen', async () => {
  let made = 0;
  const changing = z.looseObject({}).transform((value) => Object.assign(value, { id: (made += 1) }));
  const sample = { wall: Date.now(), steady: 5_000, uptime: 5_000, boot: 'boot' };
  const setUp = async () => {
    const orchestrator = new Orchestrator({
      storage: openMemoryStorage({ clock: { read: () => ({ ...sample }) } }),
      newCommandId,
      newSeed,
      kinds: { mail: { payload: changing, result: changing } },
    });
    await orchestrator.enqueueTasks(['x', 'y'].map((id) => ({ id, kind: 'mail', payload: new Proxy({ id }, {}) })));
    const claim = async (seed: string) => {
      const claimed = await orchestrator.claimTask({ agent: 'a', commandId: newCommandId(), seed });
      return claimed.ok ? claimed.lease.token : '';
    };
    return { orchestrator, first: await claim('ab'.repeat(16)), claimSecond: () => claim('cd'.repeat(16)) };
  };
  // The token of a lease that is granted later: the same seed, fence and time.
  const later = await (await setUp()).claimSecond();
  const { orchestrator, first, claimSecond } = await setUp();
  const items = () =>
    [first, later].map((token) => ({ token, kind: 'mail', outcome: 'succeeded', result: {} }) as const);
  const batch = { commandId: newCommandId() };
  const send = async () => (await orchestrator.releaseTasks(items(), batch)).items.map(({ ok }) => ok);

  const before = await send();
  expect(await claimSecond()).toBe(later);
  const after = [await send(), await send()];

  expect([before, ...after]).toEqual([
    [true, false],
    [true, true],
    [true, true],
  ]);
  const payload = { to: 'jane' };
  const command = { commandId: newCommandId() };
  const added = orchestrator.enqueueTasks([{ id: 'z', kind: 'mail', payload }], command);
  payload.to = 'ann';
  await added;
  const again = await orchestrator.enqueueTasks([{ id: 'z', kind: 'mail', payload: { to: 'jane' } }], command);
  expect(again).toEqual(await added);
});
