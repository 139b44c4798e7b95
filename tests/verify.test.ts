// What verify finds in rows that were tampered with (the log itself is covered by the suite's attacks):
// - any column of a session or a task that the log does not bear out
// - a next head that is not the head of the queue, in any of its columns
// - rows without events, and events without rows
// - a session that is listed, and that the storage does not find by its id, or finds twice
// - the findings come in the order of the sessions, whatever the order in which the storage finds them
// - other callers get their turn while it replays
// - and it never says ok while it knows of a finding that it does not list
import {
  CHAIN_START,
  hashEvent,
  Orchestrator,
  verifyLog,
  type Reader,
  type Session,
  type SessionHistory,
  type Task,
} from '@agent-orchestrator/core';
import { newCommandId, newSeed } from '@agent-orchestrator/runtime';
import { createMemoryData, openMemoryStorage, type MemoryData } from '@agent-orchestrator/storage-memory';
import { expect, test } from 'vitest';

const key = 'default\ns';

async function worked(): Promise<{ data: MemoryData; orchestrator: Orchestrator; token: string }> {
  const data = createMemoryData();
  const orchestrator = new Orchestrator({ storage: openMemoryStorage({ data }), newCommandId, newSeed });
  await orchestrator.enqueueTasks([
    { id: 'done', sessionId: 's', priority: 1 },
    { id: 'runs', sessionId: 's', priority: 2 },
    { id: 'waits', sessionId: 's', priority: 3 },
  ]);
  const { token } = await claim(orchestrator);
  await orchestrator.checkpoint({ token, nextAction: 'continue' });
  await orchestrator.releaseTask({ token, outcome: 'succeeded', result: { lines: 1 } });
  return { data, orchestrator, token: (await claim(orchestrator)).token };
}

async function claim(orchestrator: Orchestrator) {
  const claimed = await orchestrator.claimTask({ agent: 'company-agent', sessionId: 's' });
  if (!claimed.ok) throw new Error('nothing was claimed');
  return claimed.lease;
}

test('a session with very many tasks is clean, whatever happens to one that was looked at before', async () => {
  const { data, orchestrator, token } = await worked();
  for (let added = 0; added < 6_000; added += 1_000)
    await orchestrator.enqueueTasks(Array.from({ length: 1_000 }, () => ({ sessionId: 's' })));
  await orchestrator.checkpoint({ token, nextAction: 'continue' });

  expect(await orchestrator.verify()).toMatchObject({ ok: true, tasks: 6_003, findings: [] });

  const task = data.tasks.get('default\ndone');
  if (task !== undefined) data.tasks.set('default\ndone', { ...task, attempt: 3 });
  data.tasks.delete('default\nwaits');

  expect((await orchestrator.verify()).findings).toMatchObject([
    { kind: 'state', taskId: 'done' },
    { kind: 'missing', taskId: 'waits' },
  ]);
});

test('an honest store is clean', async () => {
  const { orchestrator } = await worked();

  expect(await orchestrator.verify()).toEqual({
    ok: true,
    events: 8,
    agents: 0,
    sessions: 1,
    tasks: 3,
    findings: [],
    truncated: false,
  });
});

test.each<[string, Partial<Session>]>([
  ['its status', { status: 'idle' }],
  ['its holder', { agent: 'home-agent' }],
  ['its fence', { fence: 1 }],
  ['the hash of its token', { tokenHash: '0'.repeat(64) }],
  ['the length of its lease', { ttlMs: 1_000 }],
  ['its context', { context: null }],
  ['the number of its open tasks', { tasksOpen: 7 }],
  ['the end of its chain', { hash: '0'.repeat(64) }],
  ['the number of its last event', { seq: 3 }],
  ['the task that runs', { taskId: 'waits' }],
])('of a session: %s', async (_what, change) => {
  const { data, orchestrator } = await worked();
  const session = data.sessions.get(key);
  if (session !== undefined) data.sessions.set(key, { ...session, ...change });

  expect(await orchestrator.verify()).toMatchObject({
    ok: false,
    findings: expect.arrayContaining([expect.objectContaining({ kind: 'state', sessionId: 's' })]),
  });
});

test.each<[string, Partial<Task>]>([
  ['its status', { status: 'failed' }],
  ['its payload', { payload: '{"other":1}' }],
  ['its priority', { priority: 0 }],
  ['its attempt', { attempt: 3 }],
  ['its result', { result: null }],
  ['when it ended', { finishedAt: 1 }],
])('of a task: %s', async (_what, change) => {
  const { data, orchestrator } = await worked();
  const task = data.tasks.get('default\ndone');
  if (task !== undefined) data.tasks.set('default\ndone', { ...task, ...change });

  expect(await orchestrator.verify()).toMatchObject({
    ok: false,
    findings: expect.arrayContaining([expect.objectContaining({ kind: 'state', taskId: 'done' })]),
  });
});

test.each([
  ['a task that is gone', (data: MemoryData) => data.tasks.delete('default\ndone'), 'missing'],
  ['a task that was never queued', (data: MemoryData) => copyTask(data, 'forged'), 'missing'],
  ['a session whose events are gone', (data: MemoryData) => data.events.splice(0), 'missing'],
  ['events whose session is gone', (data: MemoryData) => data.sessions.delete(key), 'missing'],
  ['an event that is gone', (data: MemoryData) => data.events.splice(2, 1), 'gap'],
  ['an event that was changed', (data: MemoryData) => changeEvent(data, 1, { agent: 'other' }), 'chain'],
  [
    'an event that follows on another',
    (data: MemoryData) => changeEvent(data, 1, { prevHash: '1'.repeat(64) }),
    'chain',
  ],
])('%s', async (_what, tamper, kind) => {
  const { data, orchestrator } = await worked();
  tamper(data);

  const { ok, findings } = await orchestrator.verify({ namespace: 'default' });

  expect(ok).toBe(false);
  expect(findings.map((finding) => finding.kind)).toContain(kind);
});

test('a session without a single event', async () => {
  const { data, orchestrator } = await worked();
  data.events.splice(0);

  const { findings } = await orchestrator.verify();

  expect(findings.map(({ message }) => message)).toContain('the session has no events.');
});

test('a session whose running task is gone', async () => {
  const { data, orchestrator } = await worked();
  data.tasks.delete('default\nruns');

  const { findings } = await orchestrator.verify();

  expect(findings.map(({ message }) => message)).toContain(
    'the session and its running task do not refer to each other.',
  );
});

test('a fence that was granted in two sessions', async () => {
  const { data, orchestrator } = await worked();
  copySession(data, 's', 'twin');

  expect(await orchestrator.verify()).toMatchObject({ ok: false, findings: [{ kind: 'fence', sessionId: 'twin' }] });
});

/** What verify finds where the storage answers other histories than there are. */
async function verifiedWith(change: (histories: readonly SessionHistory[]) => readonly SessionHistory[]) {
  const data = createMemoryData();
  const storage = openMemoryStorage({ data });
  const orchestrator = new Orchestrator({ storage, newCommandId, newSeed });
  await orchestrator.enqueueTasks(['a', 'b', 'c'].map((sessionId) => ({ sessionId })));
  for (const id of ['default\na', 'default\nc']) {
    const session = data.sessions.get(id);
    if (session !== undefined) data.sessions.set(id, { ...session, tasksOpen: 7 });
  }
  const reader: Reader = {
    ...storage.read,
    histories: async (namespace, sessionIds, limit) =>
      change(await storage.read.histories(namespace, sessionIds, limit)),
  };
  const { ok, sessions, findings } = await verifyLog(reader, ['default']);
  return { ok, sessions, findings: findings.map(({ kind, sessionId }) => `${kind} ${sessionId}`) };
}

test.each<[string, Parameters<typeof verifiedWith>[0], string[]]>([
  ['in another order', (histories) => histories.toReversed(), ['state a', 'state c']],
  ['not at all', (histories) => histories.slice(1), ['missing a', 'state c', 'missing ']],
  ['twice', (histories) => histories.flatMap((one) => [one, one]), ['state a', 'state b', 'state c', 'missing ']],
])('sessions that are listed, and found %s', async (_what, change, findings) => {
  expect(await verifiedWith(change)).toEqual({ ok: false, sessions: 3, findings });
});

test('timers get their turn while large rows are replayed that are there already', async () => {
  const storage = openMemoryStorage();
  const orchestrator = new Orchestrator({ storage, newCommandId, newSeed });
  await orchestrator.enqueueTasks(Array.from({ length: 40 }, () => ({ payload: 'x'.repeat(100_000) })));
  let [turns, isOver] = [0, false];
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);

  await orchestrator.verify();
  isOver = true;

  // Three of these rows are a turn.
  expect(turns).toBeGreaterThan(10);
});

test('it never says ok while it knows of a finding that it does not list', async () => {
  const { data, orchestrator } = await worked();
  data.tasks.delete('default\ndone');
  data.tasks.delete('default\nwaits');

  expect(await orchestrator.verify({ findingsMax: 1 })).toMatchObject({
    ok: false,
    truncated: true,
    findings: { length: 1 },
  });
  await expect(orchestrator.verify({ findingsMax: 0 })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    field: 'findingsMax',
  });
});

function copyTask(data: MemoryData, id: string): void {
  const task = data.tasks.get('default\ndone');
  if (task !== undefined) data.tasks.set(`default\n${id}`, { ...task, id });
}

/** The whole history of a session again under another name, its chain made anew: no fault but the fences. */
function copySession(data: MemoryData, from: string, to: string): void {
  let prevHash = CHAIN_START;
  for (const { hash: _hash, ...event } of data.events.filter(({ sessionId }) => sessionId === from)) {
    const copy = { ...event, sessionId: to, taskId: event.taskId === null ? null : `${to}-${event.taskId}`, prevHash };
    prevHash = hashEvent(copy);
    data.events.push({ ...copy, id: data.events.length + 1, hash: prevHash });
  }
  const copies = [...data.tasks.values()].map((task) => ({ ...task, id: `${to}-${task.id}`, sessionId: to }));
  for (const task of copies) data.tasks.set(`default\n${task.id}`, task);
  const session = data.sessions.get(`default\n${from}`);
  if (session !== undefined)
    data.sessions.set(`default\n${to}`, { ...session, id: to, hash: prevHash, taskId: `${to}-${session.taskId}` });
}

function changeEvent(data: MemoryData, at: number, change: object): void {
  const event = data.events[at];
  if (event !== undefined) data.events[at] = { ...event, ...change };
}
