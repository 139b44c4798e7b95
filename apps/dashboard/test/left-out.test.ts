/**
 * What a page does not show, it tells:
 *
 * - an empty Now: the scheduled task that is due next
 * - a task, a session or an event that is not there: what is near it
 * - what was not there yet, or no moment: so it is, and which moment the page has
 * - a closed session: since when
 * - a filter: how many events it leaves out, and where
 * - a long list: how many there are, and where
 * - a long text: that there is more of it
 */
import { expect, test } from 'vitest';
import { caughtUp, served, type Served } from './support/served.ts';

test('Now says which scheduled task is due next, and when', async () => {
  const it = await served();
  const { orchestrator, api } = it;
  await orchestrator.enqueueTasks([
    { id: 'later', title: 'Next week', delayMs: 3_600_000 },
    { id: 'soon', title: 'Send it', delayMs: 180_000 },
    { id: 'cancelled', delayMs: 60_000 },
  ]);
  await orchestrator.cancelTask({ taskId: 'cancelled' });
  const before = await orchestrator.asOf();
  await orchestrator.cancelTask({ taskId: 'soon' });
  await caughtUp(it);

  const due = async (path: string) => (await api(path)).data['next_due'] as unknown;
  const [soon, later] = [await orchestrator.getTask('soon'), await orchestrator.getTask('later')];
  const shown = (task: typeof soon) => ({
    task: { id: task?.id, number: task?.number, title: task?.title },
    at: new Date(task?.runAt ?? 0).toISOString(),
  });

  expect(await due('now')).toEqual(shown(later));
  expect(await due(`now?at=${before}`)).toEqual({ ...shown(soon), at: expect.any(String) });
});

test('what is not there is named, with what is near it', async () => {
  const it = await served();
  const { orchestrator } = it;
  const words = ['alpha', 'report-1', 'report-2', 'report-30', 'zulu', 'more-1', 'more-2', 'more-3', 'more-4'];
  await orchestrator.enqueueTasks(words.map((id) => ({ id, title: `Do ${id}`, sessionId: `of-${id}` })));
  await caughtUp(it);

  const [then, now] = [await orchestrator.asOf(), ['task', 'report-30', 'report-2', 'report-1', 'zulu', 'more-4']];
  const [, first] = (await orchestrator.listEvents({ limit: 2 })).items.map(({ id }) => id);

  expect(await missing(it, 'task?id=report-3')).toEqual(now);
  expect(await missing(it, 'session?id=of-report')).toMatchObject({ 0: 'session', 1: 'of-report-1', 2: 'of-report-2' });
  // Numbers: the greatest ones, if none is so great.
  expect(await missing(it, 'task?id=t999')).toEqual(['task', 'more-4', 'more-3', 'more-2']);
  expect(await missing(it, 'session?id=s999')).toEqual(['session', 'of-more-4', 'of-more-3', 'of-more-2']);
  expect(await missing(it, `event?id=${(await orchestrator.asOf()) + 90}`)).toEqual([
    'event',
    String(await orchestrator.asOf()),
  ]);
  // Those that were there at the moment: more than are shown came between them since.
  await orchestrator.enqueueTasks(
    Array.from({ length: 6 }, (_, at) => ({ id: `report-3${at}x`, sessionId: `of-report-${at}` })),
  );
  await caughtUp(it);
  expect(await missing(it, 'task?id=report-3')).not.toContain('report-2');
  expect(await missing(it, `task?id=report-3&at=${then}`)).toEqual(now);
  expect(await missing(it, `task?id=t99999999999999999999&at=${then}`)).toEqual([
    'task',
    'more-4',
    'more-3',
    'more-2',
    'more-1',
    'zulu',
  ]);
  expect(await missing(it, `session?id=of-report&at=${first}`)).toEqual(['session', 'of-alpha']);
  expect(await missing(it, 'task?id=report-3&at=2001-01-01T00:00:00Z')).toEqual(['task']);
});

test('what a question without an answer is about is told, and its moment', async () => {
  const it = await served();
  const { orchestrator, get, signIn } = it;
  await orchestrator.enqueueTasks([{ id: 'first' }, { id: 'second' }]);
  await caughtUp(it);
  const cookie = await signIn();
  const told = async (path: string) => {
    const { error, meta } = JSON.parse((await get(`/api/${path}`, { cookie })).text) as {
      readonly error: { readonly code: string; readonly missing?: string };
      readonly meta: { readonly moment: { readonly ordinal: number; readonly is_past: boolean } };
    };
    return [error.code, error.missing, meta.moment.ordinal, meta.moment.is_past];
  };

  expect(await told('task?id=second&at=n1')).toEqual(['NOT_YET', 'task', 1, true]);
  expect(await told('session?id=second&at=n0')).toEqual(['NOT_YET', 'session', 0, true]);
  expect(await told(`event?id=${await orchestrator.asOf()}&at=n2`)).toEqual(['NOT_YET', 'event', 2, true]);
  expect(await told('task?id=third')).toEqual(['NOT_FOUND', 'task', 4, false]);
  expect(await get('/api/task?id=%00', { cookie })).toMatchObject({
    status: 400,
    text: expect.stringContaining('INVALID_INPUT'),
  });
  // No moment has this name: what is shown is now.
  expect(await told('tasks?at=2026-13-45')).toEqual(['QUERY', undefined, 4, false]);
});

test('a closed session says since when', async () => {
  const it = await served();
  const { orchestrator, api } = it;
  await orchestrator.enqueueTask({ id: 'only', sessionId: 'closed' });
  const open = await orchestrator.asOf();
  await orchestrator.cancelTask({ taskId: 'only' });
  await orchestrator.closeSession({ sessionId: 'closed' });
  await caughtUp(it);
  const [closing] = (await orchestrator.listEvents({ types: ['session.closed'], limit: 1 })).items;

  expect((await api('session?id=closed')).data).toMatchObject({
    status: 'closed',
    closed_at: new Date(closing?.at ?? 0).toISOString(),
  });
  expect((await api(`session?id=closed&at=${open}`)).data).toMatchObject({ status: 'idle', closed_at: null });
});

test('a filter of events says how many it leaves out, and where', async () => {
  const it = await served();
  const { orchestrator, api } = it;
  for (const id of ['a', 'b', 'c', 'd']) await orchestrator.enqueueTask({ id, sessionId: 'one' });
  await caughtUp(it);
  const gaps = async (path: string) => (await api(path)).data['gaps'] as unknown;

  // The session was opened with the first task; that of a task follows on that of the one before.
  expect(await gaps('events')).toEqual([0, 0, 0, 0, 0, 0]);
  expect(await gaps('events?task=b')).toEqual([2, 2]);
  expect(await gaps('events?type=session.opened')).toEqual([4, 0]);
  expect(await gaps('events?type=task.failed')).toEqual([5]);
  expect(await gaps('events?limit=2')).toEqual([0, 0, 3]);
});

test('lists that do not show all say how many there are', async () => {
  const it = await served();
  const { orchestrator, api } = it;
  await orchestrator.enqueueTasks(Array.from({ length: 7 }, (_, at) => ({ id: `held-${at}` })));
  await orchestrator.claimTasks({ agent: 'busy', limit: 7 });
  await orchestrator.enqueueTasks([{ id: 'parent' }]);
  await orchestrator.enqueueTasks(Array.from({ length: 51 }, () => ({ dependsOn: ['parent'] })));
  await caughtUp(it);

  const [agent] = (await api('agents')).data['rows'] as unknown as readonly Record<string, unknown>[];
  expect(agent).toMatchObject({ name: 'busy', held_count: 7 });
  expect(agent?.['holds']).toHaveLength(5);
  expect((await api('tasks?held_by=busy')).data['rows']).toHaveLength(7);
  expect((await api('tasks?held_by=other')).data['rows']).toEqual([]);
  expect((await api('task?id=parent')).data['cut']).toEqual(['dependents']);
  expect((await api('task?id=held-0')).data).toMatchObject({ cut: [], lease_count: 1 });
});

test('a list cuts a long text between characters, and says so', async () => {
  const it = await served();
  const { orchestrator, api } = it;
  const title = '가🚀'.repeat(100);
  const { task } = await orchestrator.enqueueTask({ title });
  const claim = await orchestrator.claimTask({ agent: 'asker' });
  if (!claim.ok) throw new Error(claim.reason);
  const ask = { question: title.repeat(2) };
  await orchestrator.releaseTask({ token: claim.lease.token, outcome: 'waiting', ask });
  await caughtUp(it);
  const [listed] = (await api('tasks')).data['rows'] as unknown as readonly { readonly title: string }[];
  const [asked] = (await api('events?type=task.asked')).data['rows'] as unknown as readonly { readonly text: string }[];

  expect(listed?.title).toBe(`${'가🚀'.repeat(53)}…`);
  expect(asked?.text).toBe(`${'가🚀'.repeat(99)}가…`);
  expect((await api(`task?id=${task.id}`)).data['title']).toBe(title);
});

/** What an answer says is not there, then the ids near it. */
async function missing({ get, signIn }: Served, path: string): Promise<readonly string[]> {
  const { status, text } = await get(`/api/${path}`, { cookie: await signIn() });
  expect(status).toBe(404);
  const { error } = JSON.parse(text) as { error: { missing: string; near: readonly { id: string }[] } };
  return [error.missing, ...error.near.map(({ id }) => id)];
}
