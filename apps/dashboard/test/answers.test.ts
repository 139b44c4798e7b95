/**
 * The answers to the pages:
 *
 * - Now begins with what needs a person, and has the same form in the past
 * - every page answers now and at any moment: an event, an ordinal, a time
 * - filters are taken, and a wrong one is told
 * - leases are bars where they can be told apart, and shares where they cannot
 * - what agents wrote is left out if payloads are
 * - a stream says that something changed, and not what
 */
import { expect, test } from 'vitest';
import { playScenario } from './support/scenario.ts';
import { caughtUp, served, type Served } from './support/served.ts';

async function played(): Promise<Served> {
  const it = await served();
  await playScenario(it.orchestrator);
  await caughtUp(it);
  return it;
}

type Group = { readonly group: string; readonly rows: readonly { readonly task_id: string; readonly text: string }[] };

test('Now begins with what needs a person', async () => {
  const { api } = await played();

  const { data } = await api('now');
  const needs = data['needs'] as unknown as readonly Group[];

  expect(needs.map(({ group, rows }) => [group, rows[0]?.task_id])).toEqual([
    ['question', 'asks'],
    ['review', 'reviewed'],
    ['hand_off', 'handed'],
    ['dead_letter', 'dead'],
    ['blocked', 'blocked'],
    ['refused', 'lost'],
  ]);
  expect(needs[0]?.rows[0]).toMatchObject({
    text: 'Which column keeps the old name?',
    commands: [{ effect: 'answer', line: expect.stringMatching(/^orchestrator answer t\d+ 'TEXT'$/) }],
  });
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

test('every page answers, now and at any moment', async () => {
  const { api, orchestrator } = await played();
  const asOf = await orchestrator.asOf();
  const [last] = (await orchestrator.listEvents({ before: null, limit: 1 })).items;
  const time = new Date(last?.at ?? 0).toISOString();

  for (const page of [
    'now?',
    'tasks?',
    'task?id=lost&',
    'session?id=docs&',
    'leases?',
    'agents?',
    'events?',
    'trust?',
    `event?id=${asOf}&`,
  ])
    for (const at of ['', `at=${asOf}`, 'at=n20', `at=${time}`])
      expect({ page, at, ...(await api(`${page}${at}`)) }).toMatchObject({ kind: page.split('?')[0] });
  expect((await api('now?at=n3')).meta).toMatchObject({ moment: { ordinal: 3, is_past: true } });
  expect((await api('now?at=2001-01-01')).meta).toMatchObject({ moment: { ordinal: 0 } });
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
  expect((await api('session?id=nightly')).data).toMatchObject({ card: expect.stringContaining('send it') });
});

test('filters are taken, and a wrong one is told', async () => {
  const { api, get, signIn } = await played();
  const ids = async (query: string) =>
    ((await api(`tasks?${query}`)).data['rows'] as unknown as readonly { readonly id: string }[]).map(({ id }) => id);

  expect(await ids('status=failed')).toEqual(['dead']);
  expect(await ids('status=failed&at=n9')).toEqual([]);
  expect(await ids('text=%EB%B3%B4%EA%B3%A0')).toEqual(['done']);
  expect(await ids('handed_off=true')).toEqual(['handed']);
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
  const { api } = await played();

  const { data } = await api('leases');

  expect(data).toMatchObject({ count: 8, interruptions: 1, refused: 1, bins: null });
  expect(data['bars']).toHaveLength(8);
  expect((await api('leases?from=0&until=1000')).data).toMatchObject({ count: 0, bars: [] });
});

test('leases are shares where they cannot', async () => {
  const it = await served();
  const tasks = Array.from({ length: 700 }, () => ({ kind: 'many' }));
  for (let round = 0; round < 3; round += 1) {
    await it.orchestrator.enqueueTasks(tasks);
    const claimed = await it.orchestrator.claimTasks({ agent: 'busy', limit: 700 });
    const claims = claimed.ok ? claimed.claims : [];
    await it.orchestrator.releaseTasks(claims.map(({ lease: { token } }) => ({ token, outcome: 'succeeded' })));
  }
  await caughtUp(it);

  const { data } = await it.api(`leases?from=${Date.now() - 60_000}`);

  expect(data).toMatchObject({ count: 2_100, bars: null, holders: [{ agent: 'busy' }] });
  const { shares } = data['bins'] as unknown as { readonly shares: readonly (readonly (readonly number[])[])[] };
  expect(shares[0]?.[0]?.reduce((sum, share) => sum + share, 0)).toBeGreaterThan(0);
});

test('what agents wrote is left out if payloads are', async () => {
  const it = await served({ payloads: false });
  await playScenario(it.orchestrator);
  await caughtUp(it);

  expect((await it.api('task?id=done')).data).toMatchObject({ payload: null, result: null, payloads_hidden: true });
  expect((await it.api('session?id=docs')).data).toMatchObject({ context: null, card: null, context_hidden: true });
});

test('a stream says that something changed, and not what', async () => {
  const it = await played();
  const cookie = await it.signIn();

  const { headers, text } = await it.get('/api/stream', { cookie });

  expect(headers['content-type']).toBe('text/event-stream');
  const asOf = await it.orchestrator.asOf();
  const state = { state: 'live', as_of: asOf, settled: asOf, error: null };
  expect(text).toContain(`id: ${asOf}\nevent: changed\ndata: ${JSON.stringify(state)}\n\n`);
});
