/*
 * A worker that waits, for work or for the store:
 *  - an idle worker wakes at a change
 *  - it wakes when a task falls due
 *  - it asks seldom while nothing happens, and while much happens that is not for it
 *  - what a dead holder held is done within two seconds, where its death can be proved
 *  - while the registry refuses its claims it idles, says so once, and continues when it is registered again
 *  - an outage is told and waited out, with longer and longer pauses
 *  - answers that are lost on the way are asked for again, and every command has one effect
 */
import { expect, test } from 'vitest';
import { settle } from './support/fake-time.ts';
import { open } from './support/worker.ts';

test('an idle worker wakes at a change', async () => {
  const { time, start, add, statusOf } = await open();
  start(() => {});
  await time.advance(500);

  await add('count');
  await settle();

  expect(await statusOf('count')).toBe('succeeded');
});

test('it wakes when a task falls due', async () => {
  const { time, start, add, statusOf } = await open();
  start(() => {});
  await settle();
  await add('later', { delayMs: 4_321 });

  await time.advance(4_320);
  expect(await statusOf('later')).toBe('scheduled');
  await time.advance(3);

  expect(await statusOf('later')).toBe('succeeded');
});

test('it asks seldom while nothing happens', async () => {
  const { time, start, orchestrator } = await open();
  start(() => {});

  await time.advance(600_000);

  expect(orchestrator.calls.length).toBeLessThan(130);
});

test('it asks seldom while much happens that is not for it', async () => {
  const { time, start, add, orchestrator } = await open();
  start(() => {}, { kinds: ['paint'] });

  for (let n = 0; n < 1_000; n += 1) {
    await add(`n${n}`);
    await time.advance(10);
  }

  expect(orchestrator.calls.length).toBeLessThan(120);
});

test('what a dead holder held is done within two seconds, where its death can be proved', async () => {
  const { time, start, add, orchestrator, statusOf } = await open();
  await add('count');
  const process = { host: 'here', boot: 'boot-1', pid: 77, start: '9' };
  const claimed = await orchestrator.claimTask({ agent: 'dead', process });
  if (!claimed.ok) throw new Error('not claimed');
  const { sessionId, fence } = claimed.lease;
  const { host, boot, pid, start: processStart } = process;
  let isDead = false;
  let asked = 0;
  start(() => {}, {
    findDead: async () => {
      asked += 1;
      return isDead ? [{ sessionId, fence, host, boot, pid, processStart, observed: 'it is gone' }] : [];
    },
  });
  await time.advance(60_000);
  expect(asked).toBeLessThan(70);

  isDead = true;
  await time.advance(2_000);

  expect(await statusOf('count')).toBe('succeeded');
  const { items } = await orchestrator.listEvents({ types: ['task.recovered'] });
  expect(items).toMatchObject([{ payload: { reason: 'dead' } }]);
});

test('while the registry refuses its claims, it idles and says so once', async () => {
  const { time, start, add, orchestrator, statusOf } = await open();
  await orchestrator.registerAgent({ agent: 'a' });
  await orchestrator.drainAgent({ agent: 'a' });
  const { events } = start(() => {});
  await add('count');
  await time.advance(60_000);
  const waiting = await statusOf('count');

  await orchestrator.registerAgent({ agent: 'a' });
  await time.advance(60_000);

  expect(waiting).toBe('queued');
  expect(await statusOf('count')).toBe('succeeded');
  expect(events.filter((event) => event.is === 'refused')).toEqual([
    { is: 'refused', refusal: { ok: false, reason: 'agent_draining', agent: 'a' } },
  ]);
});

test('an outage is told and waited out, with longer and longer pauses', async () => {
  const { time, start, add, orchestrator, statusOf } = await open();
  await add('count');
  orchestrator.cut = true;

  const { events } = start(() => {});
  await time.advance(120_000);
  const told = events.filter((event) => event.is === 'outage');
  orchestrator.cut = false;
  await time.advance(30_000);

  expect(told.map(({ retryInMs }) => retryInMs).slice(0, 5)).toEqual([100, 200, 400, 800, 1_600]);
  expect(told.length).toBeLessThan(15);
  expect(told.every(({ error }) => error.code === 'STORE_UNREACHABLE')).toBe(true);
  expect(await statusOf('count')).toBe('succeeded');
});

test('answers that are lost on the way are asked for again, and every command has one effect', async () => {
  const { time, start, add, orchestrator } = await open();
  await add('1');
  await add('2');
  orchestrator.loseAnswers = 1;

  start(async ({ checkpoint }) => {
    await checkpoint({ nextAction: 'end' });
  });
  await time.advance(10_000);

  const { items } = await orchestrator.listEvents({});
  const seen = items.map(({ type }) => type).filter((type) => !/opened|queued/.test(type));
  const once = ['task.claimed', 'session.checkpointed', 'task.succeeded'];
  expect(seen).toEqual([...once, ...once]);
  expect(orchestrator.lost).toBeGreaterThanOrEqual(4);
});
