/**
 * The answers to the pages:
 *
 * - Now begins with what needs a person, and has the same form in the past
 * - at any moment every page says what it said then; a moment is an event, an ordinal or a time
 * - an event of the registry has its chain, too
 * - filters are taken, and a wrong one is told
 * - leases are bars where they can be told apart
 * - what agents wrote is left out if payloads are
 * - a stream says that something changed, and not what
 */
import type { Orchestrator } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { afterEach, playScenario } from './support/scenario.ts';
import { caughtUp, served, type Served } from './support/served.ts';

async function played(): Promise<Served> {
  const it = await served();
  await playScenario(it.orchestrator);
  await caughtUp(it);
  return it;
}

type Group = { readonly group: string; readonly rows: readonly { readonly task_id: string; readonly text: string }[] };

test('Now begins with what needs a person', async () => {
  const it = await played();
  const { api, orchestrator } = it;
  const seen = await orchestrator.asOf();
  await orchestrator.cancelTask({ taskId: 'held' });
  await caughtUp(it);

  const { data } = await api(`now?seen=${seen}`);
  const needs = data['needs'] as unknown as readonly Group[];

  expect(needs.map(({ group, rows }) => [group, rows[0]?.task_id])).toEqual([
    ['question', 'asks'],
    ['review', 'reviewed'],
    ['hand_off', 'handed'],
    ['dead_letter', 'dead'],
    ['cancellation', 'held'],
    ['blocked', 'blocked'],
    ['refused', 'lost'],
  ]);
  expect(needs[0]?.rows[0]).toMatchObject({
    text: 'Which column keeps the old name?',
    commands: [{ effect: 'answer', line: expect.stringMatching(/^orchestrator answer t\d+ 'TEXT'$/) }],
  });
  expect(needs[4]?.rows[0]).toMatchObject({
    agent: 'home-agent',
    commands: [{ effect: 'why', line: expect.stringMatching(/^orchestrator why task t\d+$/) }],
  });
  expect(data['since_seen']).toEqual({ events: 1, succeeded: 0, failed: 0, interrupted: 0 });
  expect((await api('now?seen=0')).data['since_seen']).toEqual({
    events: (await orchestrator.listEvents({ limit: 500 })).items.length,
    succeeded: 2,
    failed: 1,
    interrupted: 1,
  });
  const [refusal] = (await orchestrator.listEvents({ types: ['lease.refused'], limit: 1 })).items;
  expect(needs.at(-1)?.rows).toEqual([expect.objectContaining({ event_id: refusal?.id })]);
  expect(data).toMatchObject({ working: [{ agent: 'home-agent', next_action: '<b>bold</b> next step' }] });
});

test('the past has the same form, from the log alone', async () => {
  const { api, orchestrator } = await played();

  const now = (await api('now')).data;
  const past = (await api(`now?at=${await orchestrator.asOf()}`)).data;
  const groups = (data: typeof now) =>
    (data['needs'] as unknown as readonly Group[]).map(({ group, rows }) => [group, rows[0]?.task_id]);

  // Of blocked tasks the log of the past does not tell which wait in vain.
  expect(groups(past)).toEqual(groups(now).filter(([group]) => group !== 'blocked'));
  expect(past['tasks']).toEqual(now['tasks']);
  expect(past).toMatchObject({ working: [{ agent: 'home-agent', next_action: '<b>bold</b> next step' }] });
});

/** Pages in their simplest form; the window of the chart is that of the whole test. */
const PAGES = ['now', 'tasks', 'agents', 'events', 'trust', 'leases?from=1&until=4000000000000'];
/** Only the present knows it: it is not in the log, or says what can be done now. */
const ONLY_NOW = [
  'why',
  'commands',
  'card',
  'heartbeat_at',
  'lease_expires_at',
  'verified',
  'checked_id',
  'needs',
  'oldest_claimable',
  'whole',
  'overview',
];

/** What an answer says that the past knows as well. */
function lasting(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lasting);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([name]) => !ONLY_NOW.includes(name));
  return Object.fromEntries(fields.map(([name, one]) => [name, lasting(one)]));
}

test('at any moment every page says what it said then', { timeout: 60_000 }, async () => {
  const it = await served();
  const { orchestrator } = it;
  const seen: { readonly asOf: number; readonly path: string; readonly data: unknown }[] = [];
  const paths = [...PAGES];
  let calls = 0;
  const look = async () => {
    // At each third moment: there are a dozen pages.
    if (calls++ % 3 !== 0) return;
    const asOf = await orchestrator.asOf();
    await caughtUp(it);
    for (const path of [...paths, `event?id=${asOf}`])
      seen.push({ asOf, path, data: lasting((await it.api(path)).data) });
  };
  const looking = afterEach(orchestrator, look);
  paths.push(...['reviewed', 'parts', 'lost', 'base'].map((id) => `task?id=${id}`), 'session?id=nightly');
  await orchestrator.enqueueTasks(SOME_WORK);
  await look();
  await playOn(looking);

  for (const { asOf, path, data } of seen) {
    const past = (await it.api(withQuery(path, `at=${asOf}`))).data;
    expect({ asOf, path, data: lasting(past) }).toEqual({ asOf, path, data });
  }
});

const SOME_WORK = [
  { id: 'reviewed', sessionId: 'a', title: 'Fix the flaky test', review: { role: 'reviewer', approvals: 1 } },
  { id: 'parts', sessionId: 'b' },
  { id: 'lost', sessionId: 'nightly' },
  { id: 'base', sessionId: 'c' },
];

/** What changes most of what a page of a task shows: reviews, parts, dependencies in both directions, texts. */
async function playOn(orchestrator: Orchestrator): Promise<void> {
  const claim = async (sessionId: string, agent: string) => {
    const claimed = await orchestrator.claimTask({ agent, sessionId });
    if (!claimed.ok) throw new Error(`${sessionId} was not claimed`);
    return claimed.lease.token;
  };
  let token = await claim('a', 'builder');
  await orchestrator.releaseTask({ token, outcome: 'succeeded', result: { round: 1 } });
  await orchestrator.reviewTask({ taskId: 'reviewed', agent: 'critic', verdict: 'changes_requested', notes: 'again' });
  token = await claim('a', 'builder');
  await orchestrator.releaseTask({ token, outcome: 'succeeded', result: { round: 2 } });
  await orchestrator.reviewTask({ taskId: 'reviewed', agent: 'critic', verdict: 'approved' });

  token = await claim('b', 'planner');
  await orchestrator.enqueueTasks([{ id: 'part', parentId: 'parts', dependsOn: ['base'] }]);
  await orchestrator.releaseTask({ token, outcome: 'waiting', on: ['part'] });
  token = await claim('c', 'builder');
  await orchestrator.checkpoint({ token, nextAction: 'one' });
  await orchestrator.checkpoint({ token, nextAction: 'two' });
  await orchestrator.releaseTask({ token, outcome: 'succeeded' });

  token = await claim('nightly', 'night');
  await orchestrator.checkpoint({ token, nextAction: 'send it' });
  await orchestrator.releaseTask({ token, outcome: 'waiting', ask: { question: 'To whom?' } });
  await orchestrator.answerTask({ taskId: 'lost', answer: 'to all' });
  token = await claim('nightly', 'night');
  await orchestrator.releaseTask({ token, outcome: 'failed', error: { message: 'no mail' } });
}

test('a moment is an event, an ordinal or a time', async () => {
  const { api, get, signIn, orchestrator } = await played();
  const [last] = (await orchestrator.listEvents({ before: null, limit: 1 })).items;
  const time = new Date(last?.at ?? 0).toISOString();

  for (const page of ['now', 'tasks', 'leases', 'agents', 'events', 'trust'])
    for (const at of ['', `at=${last?.id}`, 'at=n20', `at=${time}`])
      expect({ page, at, ...(await api(`${page}?${at}`)) }).toMatchObject({ kind: page });
  expect((await api('now?at=n3')).meta).toMatchObject({ moment: { ordinal: 3, is_past: true } });
  expect((await api('now?at=2001-01-01')).meta).toMatchObject({ moment: { ordinal: 0 } });
  const cookie = await signIn();
  expect(await get(`/api/event?id=${last?.id}&at=n20`, { cookie })).toMatchObject({ status: 404 });
});

test('an event of the registry is checked against the one before it', async () => {
  const { api, orchestrator } = await played();
  for (const agent of ['first', 'second']) await orchestrator.registerAgent({ agent, roles: [] });
  await orchestrator.drainAgent({ agent: 'first' });
  const [drained] = (await orchestrator.listEvents({ before: null, limit: 1 })).items;

  const { data } = await api(`event?id=${drained?.id}`);

  expect(data).toMatchObject({ chained: true, previous_id: expect.any(Number), next_id: null });
  expect(data['previous_id']).toBe((drained?.id ?? 0) - 2);
});

test('a task tells why, its attempts, and what waits for it', async () => {
  const { api } = await played();

  expect((await api('task?id=dead')).data).toMatchObject({
    status: 'failed',
    why: { claimable: false },
    leases: [{ agent: 'codex-review', end: 'failed' }],
    dependents: [{ id: 'blocked', status: 'blocked' }],
    commands: [{ effect: 'retry' }],
    error: { message: 'the bank is closed' },
  });
  expect((await api('task?id=lost')).data).toMatchObject({
    leases: [{ interrupted: true, next_agent: 'home-agent', refused_at: expect.any(String) }, { end: 'succeeded' }],
  });
  expect((await api('session?id=nightly')).data).toMatchObject({
    card: expect.stringContaining('send it'),
    tasks_by_status: { succeeded: 1 },
  });
});

test('a session shows its memory without a password, now and then', async () => {
  const it = await played();
  const { api, orchestrator } = it;
  await orchestrator.enqueueTask({ sessionId: 'remembers' });
  const claimed = await orchestrator.claimTask({ agent: 'a', sessionId: 'remembers' });
  const token = claimed.ok ? claimed.lease.token : '';
  await orchestrator.checkpoint({ token, memoryRef: 'https://me:hunter2@host/notes' });
  const asOf = await orchestrator.asOf();
  await orchestrator.releaseTask({ token, outcome: 'succeeded' });
  await caughtUp(it);

  for (const at of ['', `&at=${asOf}`])
    expect((await api(`session?id=remembers${at}`)).data).toMatchObject({
      context: { memory_ref: 'https://me:…@host/notes' },
    });
});

test('filters are taken, and a wrong one is told', async () => {
  const it = await played();
  const { api, get, signIn, orchestrator } = it;
  const ids = async (query: string) =>
    ((await api(`tasks?${query}`)).data['rows'] as unknown as readonly { readonly id: string }[]).map(({ id }) => id);

  expect(await ids('status=failed')).toEqual(['dead']);
  expect(await ids('status=failed&at=n9')).toEqual([]);
  expect(await ids('text=%EB%B3%B4%EA%B3%A0')).toEqual(['done']);
  expect(await ids('handed_off=true')).toEqual(['handed']);
  await orchestrator.enqueueTask({ id: 'keyed', dedupeKey: 'nightly-2026-11-30' });
  await caughtUp(it);
  expect(await ids('text=nightly-2026-11-30')).toEqual(['keyed']);
  expect(await ids('limit=2')).toHaveLength(2);
  const cookie = await signIn();
  for (const wrong of ['tasks?status=nonsense', 'now?at=nonsense', 'events?type=x', 'events?before=x', 'leases?from=x'])
    expect({ wrong, ...(await get(`/api/${wrong}`, { cookie })) }).toMatchObject({ status: 400 });
  for (const missing of [
    'task?id=none',
    'session?id=none',
    'event?id=99999',
    'nonsense',
    '__proto__',
    'task?id=held&at=n1',
  ])
    expect({ missing, ...(await get(`/api/${missing}`, { cookie })) }).toMatchObject({ status: 404 });
});

test('leases are bars where they can be told apart', async () => {
  const { api, orchestrator } = await played();

  const { data } = await api('leases');

  expect(data).toMatchObject({ count: 8, interruptions: 1, refused: 1, bins: null });
  expect(data['bars']).toHaveLength(8);
  const [first] = (await orchestrator.listLeases()).items.filter(({ agent }) => agent === 'codex-review');
  expect((await api('leases?agent=codex-review&from=0&until=4000000000000')).data).toMatchObject({
    count: 2,
    interruptions: 0,
    holders: [{ agent: 'codex-review' }],
    // Nothing is before its first lease.
    whole: { begin: first?.grantedAt },
    window: { begin: first?.grantedAt },
  });
  // A window that was moved keeps its length, also where it begins before the first lease.
  const begin = (first?.grantedAt ?? 0) - 3_600_000;
  const moved = await api(`leases?agent=codex-review&from=${begin}&until=${begin + 7_200_000}`);
  expect(moved.data).toMatchObject({ window: { begin, end: begin + 7_200_000 }, count: 2 });
  const latest = await api(`leases?from=${Number.MAX_SAFE_INTEGER}&until=${Number.MAX_SAFE_INTEGER}`);
  expect(latest.data).toMatchObject({ window: { end: 8_640_000_000_000_000 } });
  expect((await api('leases?agent=never-seen')).data).toMatchObject({ count: 0, last_lease_at: null });
  expect((await api('leases?from=0&until=1000')).data).toMatchObject({ count: 0, bars: [], last_lease_at: null });
});

test('a window without leases names the last one before it', async () => {
  const it = await served();
  for (const agent of ['first', 'second']) {
    await it.orchestrator.enqueueTask({});
    const claimed = await it.orchestrator.claimTask({ agent });
    if (claimed.ok) await it.orchestrator.releaseTask({ token: claimed.lease.token, outcome: 'succeeded' });
  }
  await caughtUp(it);
  const [last, first] = (await it.orchestrator.listLeases({ before: null })).items.map(({ grantedAt }) => grantedAt);
  const from = Date.now() + 3_600_000;

  const { data } = await it.api(`leases?from=${from}&until=${from + 1_000}`);
  const past = await it.api(`leases?from=${from}&until=${from + 1_000}&at=n3`);

  expect(data).toMatchObject({ whole: { begin: first }, last_lease_at: new Date(last ?? 0).toISOString() });
  expect(past.data).toMatchObject({ count: 1, last_lease_at: null });
});

/** In the scenario, every text of a user or an agent that is no title. */
const WRITTEN = ['"pages":3', 'the bank is closed', 'Which column', 'glossary', 'send it', 'next step', 'next part'];

test('what agents wrote is left out if payloads are', async () => {
  const it = await served({ payloads: false });
  await playScenario(it.orchestrator);
  await caughtUp(it);

  expect((await it.api('task?id=done')).data).toMatchObject({ payload: null, result: null, payloads_hidden: true });
  expect((await it.api('session?id=nightly')).data).toMatchObject({ context: null, card: null, context_hidden: true });
  const { items: events } = await it.orchestrator.listEvents({ limit: 500 });
  const { items: tasks } = await it.orchestrator.listTasks({ limit: 500 });
  const last = `at=n${events.length}`;
  const paths = [
    ...PAGES.flatMap((path) => [path, withQuery(path, last)]),
    ...['code', 'docs', 'nightly'].flatMap((id) => [`session?id=${id}`, `session?id=${id}&${last}`]),
    ...tasks.flatMap(({ id }) => [`task?id=${id}`, `task?id=${id}&${last}`]),
    // An event is the same at any moment.
    ...events.map(({ id }) => `event?id=${id}`),
  ];
  const cookie = await it.signIn();
  for (const path of paths) {
    const { text } = await it.get(`/api/${path}`, { cookie });
    const found = WRITTEN.filter((word) => text.includes(word));
    expect({ path, found }).toEqual({ path, found: [] });
  }
});

function withQuery(path: string, query: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}${query}`;
}

test('a stream says that something changed, and not what', async () => {
  const it = await played();
  const cookie = await it.signIn();

  const { headers, text } = await it.get('/api/stream', { cookie });

  expect(headers['content-type']).toBe('text/event-stream');
  const asOf = await it.orchestrator.asOf();
  const state = { state: 'live', as_of: asOf, settled: asOf, error: null };
  expect(text).toContain(`id: ${asOf}\nevent: changed\ndata: ${JSON.stringify(state)}\n\n`);
});
