/*
 * What happened since:
 *  - done, failed, cancelled, recovered and refused, each counted, newest first, from an event on
 *  - from a time on: exactly what happened then or later
 *  - what waits for a person: dead letters, and what was handed to them
 *  - counting stops at a limit and says so; the rows are the newest all the same
 *  - the last look is kept per store and namespace, for this user alone, whole or not at all, and never goes back
 */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { keepLastLook, readLastLook, readSince, type SinceQuestion } from '../src/index.ts';
import { Office } from './support/card-worlds.ts';

async function ask(office: Office, question: SinceQuestion) {
  const since = await readSince(office.orchestrator, question);
  const told = since.groups.map(({ name, count, rows }) => [name, count, rows.map(({ id }) => id)]);
  return { ...since, told: Object.fromEntries(told.map(([name, ...rest]) => [name, rest])) as Record<string, unknown> };
}

test('each sort is counted, newest first; from a time on it is exactly what happened then or later', async () => {
  await using office = new Office();
  for (const sessionId of ['a', 'b', 'c', 'd', 'e']) await office.add({ sessionId, title: `task ${sessionId}` });
  const claims = [];
  for (let at = 0; at < 4; at += 1) claims.push(await office.claim());
  const [first, second, third, lost] = claims;
  if (!first || !second || !third || !lost) throw new Error('four were claimed');
  await office.release(first, { outcome: 'succeeded' });
  const middle = office.time.read().wall + 1;
  await office.release(second, { outcome: 'failed', error: { message: 'no space' } });
  await office.release(third, { outcome: 'failed', final: true });
  await office.orchestrator.cancelTask({
    taskId: (await office.orchestrator.listTasks({ sessionId: 'e' })).items[0]?.id ?? '',
  });
  office.time.stop(200_000);
  await office.orchestrator.staleRecovery({ agent: 'watchman' });
  await office.orchestrator.heartbeat({ token: lost.lease.token });

  const all = await ask(office, { from: { eventId: 0 } });
  const later = await ask(office, { from: { at: middle } });
  const none = await ask(office, { from: { at: office.time.read().wall + 1 } });

  expect(all.told).toEqual({
    done: [1, [15]],
    reviewed: [0, []],
    failed: [2, [17, 16]],
    cancelled: [1, [18]],
    recovered: [1, [19]],
    returned: [0, []],
    refused: [1, [20]],
    answered: [0, []],
    keys: [0, []],
  });
  expect([later.from.eventId, later.told['done'], later.told['failed']]).toEqual([15, [0, []], [2, [17, 16]]]);
  expect(later.askedAt).toBe(office.time.read().wall);
  expect(Object.values(none.told)).toEqual(Array.from({ length: 9 }, () => [0, []]));
  expect([none.from.eventId, none.asOf]).toEqual([20, 20]);
  expect(all.groups.flatMap(({ rows }) => rows)).toMatchObject([
    { title: 'task a', agent: 'company-agent', type: 'task.succeeded' },
    { title: 'task c', runAt: null, error: null },
    { title: 'task b', error: 'no space', runAt: expect.any(Number) },
    { title: 'task e', type: 'task.cancelled' },
    { title: 'task d', agent: 'watchman', fromAgent: 'company-agent', reason: 'stale' },
    { taskId: null, sessionId: 'd', agent: 'company-agent', reason: 'heartbeat' },
  ]);
  expect(all.waiting).toMatchObject({ deadLetters: { count: 1, tasks: [{ title: 'task c' }] }, forYou: [] });
});

test('what was handed to a person or their role waits for them', async () => {
  await using office = new Office();
  for (const sessionId of ['a', 'b']) await office.add({ sessionId });
  await office.release(await office.claim(), { outcome: 'handed_off', to: { agent: 'jane' }, note: 'sign it' });
  await office.release(await office.claim(), { outcome: 'handed_off', to: { role: 'boss' }, note: 'decide' });
  const notes = async (agent?: string, roles?: string[]) =>
    (await ask(office, { from: { eventId: 0 }, agent, roles })).waiting.forYou.map(({ note }) => note);

  expect(await notes()).toEqual([]);
  expect(await notes('jane')).toEqual(['sign it']);
  expect(await notes('jane', ['boss'])).toEqual(['sign it', 'decide']);
});

test('what came back is told with who did not claim it, and waits for its sender', async () => {
  await using office = new Office();
  await office.add({ sessionId: 'a' });
  await office.release(await office.claim(), {
    outcome: 'handed_off',
    to: { role: 'boss' },
    byMs: 5_000,
    note: 'decide',
  });
  const before = await ask(office, { from: { eventId: 0 }, agent: 'company-agent', roles: ['boss'] });
  office.time.stop(5_000);
  await office.orchestrator.staleRecovery();

  const since = await ask(office, { from: { eventId: 0 }, agent: 'company-agent' });

  expect(before.waiting.forYou).toMatchObject([
    { handedOffBy: 'company-agent', role: 'boss', returnAt: office.time.read().wall, returnedFrom: null },
  ]);
  expect(since.groups.find(({ name }) => name === 'returned')).toMatchObject({
    count: 1,
    rows: [{ title: 'task', agent: 'company-agent', reason: 'role:boss' }],
  });
  expect(since.waiting.forYou).toMatchObject([{ note: 'decide', returnAt: null, returnedFrom: 'role:boss' }]);
});

test('counting stops at a limit and says so; the rows are the newest all the same', async () => {
  await using office = new Office();
  const { tasks } = await office.orchestrator.enqueueTasks(Array.from({ length: 151 }, () => ({})));
  for (const { task } of tasks.slice(1)) await office.orchestrator.cancelTask({ taskId: task.id });
  await office.release(await office.claim(), { outcome: 'succeeded' });

  const since = await ask(office, { from: { eventId: 0 }, countMax: 120 });
  const whole = await ask(office, { from: { eventId: 0 }, countMax: 151 });

  const newest = whole.groups.find(({ name }) => name === 'cancelled')?.rows.map(({ id }) => id);
  expect([since.isCapped, since.told['cancelled']]).toEqual([true, [120, newest]]);
  expect(since.groups[0], 'the newest of what was not counted counts').toEqual(whole.groups[0]);
  expect([whole.isCapped, whole.groups[0]?.count, whole.told['cancelled']]).toEqual([false, 1, [150, newest]]);
});

test('the last look is kept per store and namespace, for this user alone, and never goes back', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'looks-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const env = { OPENCLAW_STATE_DIR: join(folder, 'state') };
  const what = { store: 'postgres://jane:secret@db/work', namespace: 'default' };
  const others = [
    { ...what, namespace: 'other' },
    { ...what, store: 'postgres://jane@db/play' },
  ];

  expect(await readLastLook(what, env)).toBeNull();
  await keepLastLook(what, { eventId: 7, at: 70 }, env);
  await keepLastLook(what, { eventId: 5, at: 80 }, env);

  const looks = join(folder, 'state', 'orchestrator', 'last-look');
  const [file = ''] = readdirSync(looks);
  expect(await readLastLook(what, env)).toEqual({ eventId: 7, at: 70 });
  expect(await readLastLook({ ...what, store: 'postgres://jane:changed@db/work' }, env)).toEqual({
    eventId: 7,
    at: 70,
  });
  expect(await Promise.all(others.map((one) => readLastLook(one, env)))).toEqual([null, null]);
  expect(file).toMatch(/^[0-9a-f]{32}\.json$/);
  expect([statSync(looks).mode & 0o777, statSync(join(looks, file)).mode & 0o777]).toEqual([0o700, 0o600]);

  writeFileSync(join(looks, file), '{"event_id":');
  expect(await readLastLook(what, env), 'what cannot be read counts as none').toBeNull();
  await keepLastLook(what, { eventId: 3, at: 90 }, env);
  expect(await readLastLook(what, env)).toEqual({ eventId: 3, at: 90 });
  expect(readdirSync(looks)).toEqual([file]);
});
