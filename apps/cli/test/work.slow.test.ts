/*
 * Working from the command line:
 *  - a task is added, claimed, saved, released; each step has its document
 *  - a task needs no title beside an option that says what the work is; with nothing of it, it is refused with 64
 *  - a duplicate is done: exit 0, data.outcome says so
 *  - a held session is busy, an empty store has no task: 75
 *  - what is not there is 66; what has ended, or is not empty, is 1
 *  - status says how many need you where it shows a few, and session list --stale lists them
 *  - recover closes what went stale
 *  - the same command id has its effect once
 *  - a claim with the same command id and seed is granted once, and answered the same token; so is a next claim
 *  - a claim that is repeated late says that its lease is over
 *  - namespaces isolate projects that share a store
 * What the holder of a lease may do, and no other process, is in holder.slow.test.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { textsForEvent } from '@agent-orchestrator/core';
import { expect as pattern, test } from 'vitest';
import { Cli, holderOf } from './support/cli.ts';

const ID = /^[0-9a-f-]{36}$/;
const SEED = { ORCHESTRATOR_SEED: '0123456789abcdef'.repeat(2) };
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const TOKEN = /^\d{16}-[0-9a-f]{32}$/;

/** A task that was just added, as the command line shows it. */
const NEW_TASK = {
  id: pattern.stringMatching(ID),
  // Its session is number 2.
  number: 1,
  namespace: 'default',
  session_id: 's',
  kind: 'count',
  title: 'Count',
  payload: { camelCase: [{ atAll: 1 }] },
  priority: 5,
  status: 'queued',
  dedupe_key: null,
  delayed_at: null,
  run_at: null,
  queued_at: pattern.stringMatching(TIME),
  created_at: pattern.stringMatching(TIME),
  started_at: null,
  finished_at: null,
  attempt: 0,
  attempts_max: 4,
  interruptions: 0,
  interruptions_max: 16,
  backoff_ms: 5_000,
  assignee: null,
  role: null,
  ...textsForEvent({}),
  note: null,
  handed_off_by: null,
  handed_off_at: null,
  return_at: null,
  returned_from: null,
  returns_to: null,
  open_dependencies: null,
  on_dependency_failure: null,
  parent_id: null,
  cancel_requested_at: null,
  result: null,
  error: null,
  dedupe_while: null,
  question: null,
  asked_at: null,
  asked_by: null,
  asked_agent: null,
  asked_role: null,
  answer: null,
  answered_by: null,
  review: null,
  review_of: null,
};

test.concurrent('a task is added, claimed, saved, released; each step has its document', async ({ expect }) => {
  using cli = new Cli();

  const added = await cli.json([
    'task',
    'create',
    'Count',
    '--session',
    's',
    '--kind',
    'count',
    '--payload',
    '{"camelCase":[{"atAll":1}]}',
  ]);
  const claimed = await cli.json(['claim', '--agent', 'company-agent', '--instance', 'i', '--ttl', '60s']);
  const holder = holderOf(claimed.data.lease);
  const beat = await cli.json(['heartbeat', ...holder, '--progress', '{"soFar":1}']);
  const saved = await cli.json(['checkpoint', ...holder, '--next-action', 'add up', '--data', '{"soFar":3}']);
  const released = await cli.json(['release', ...holder, '--outcome', 'succeeded', '--result', '{"sum":3}']);
  const shown = await cli.json(['task', 'show', added.data.id]);

  expect(
    [added, claimed, beat, saved, released, shown].map(({ exit, schema_version }) => [exit, schema_version]),
  ).toEqual(Array.from({ length: 6 }, () => [0, 1]));
  expect(added).toEqual({
    exit: 0,
    schema_version: 1,
    kind: 'task',
    data: {
      outcome: 'enqueued',
      ...NEW_TASK,
    },
    meta: { as_of: 0 },
  });
  expect(claimed.data).toMatchObject({
    task: { id: added.data.id, status: 'running', attempt: 1, payload: { camelCase: [{ atAll: 1 }] } },
    lease: {
      session_id: 's',
      agent: 'company-agent',
      instance: 'i',
      fence: expect.any(Number),
      token: expect.stringMatching(TOKEN),
      expires_at: expect.stringMatching(TIME),
      ttl_ms: 60_000,
      stale_after_ms: 60_000,
    },
    context: null,
    takeover: null,
  });
  const renewed = {
    session_id: 's',
    task_id: added.data.id,
    expires_at: expect.stringMatching(TIME),
    cancel_requested: false,
    late: false,
  };
  expect(beat.data).toEqual(renewed);
  expect(saved.data).toEqual({ ...renewed, turn: 1 });
  expect(released.data).toEqual({
    session_id: 's',
    task_id: added.data.id,
    status: 'succeeded',
    run_at: null,
    repeated: false,
    next: null,
  });
  expect(shown.data).toMatchObject({ status: 'succeeded', result: { sum: 3 }, lease: null });
});

test.concurrent('a task waits for others, and its graph shows them', async ({ expect }) => {
  using cli = new Cli();
  await cli.json(['task', 'create', 'build', '--id', 'build']);
  const waiting = ['--depends-on', 'build', '--on-dependency-failure', 'cancel', '--parent', 'build'];
  const added = await cli.json(['task', 'create', 'deploy', '--id', 'deploy', ...waiting]);

  const graph = await cli.json(['task', 'graph', 'deploy']);
  const text = await cli.run(['task', 'graph', 'deploy']);
  const none = await cli.json(['task', 'create', 'x', '--depends-on', 'none']);

  expect(added.data).toMatchObject({
    status: 'blocked',
    open_dependencies: 1,
    on_dependency_failure: 'cancel',
    parent_id: 'build',
  });
  expect(graph.data).toMatchObject({
    task_id: 'deploy',
    tasks: [{ id: 'deploy' }, { id: 'build', status: 'queued' }],
    dependencies: [{ task_id: 'deploy', dependency_id: 'build', ended: null }],
    more: false,
  });
  expect(text.stdout).toMatch(/^◌ blocked {2}t2 deploy.*\n\ndepends on\n {2}○ queued {2}t1 build/);
  expect([none.exit, none.error?.code]).toEqual([66, 'DEPENDENCY_NOT_FOUND']);
});

test.concurrent('a task needs a title, or an option that says what the work is', async ({ expect }) => {
  using cli = new Cli();

  const ofSession = await cli.json(['task', 'create', '--session', 's']);
  const ofKind = await cli.json(['task', 'create', '--kind', 'count', '--payload', '{}']);
  const refused = [await cli.json(['task', 'create']), await cli.json(['task', 'create', '--priority', '1'])];

  expect(ofSession.data).toMatchObject({ title: 'task', session_id: 's' });
  expect(ofKind.data).toMatchObject({ title: 'count', kind: 'count', payload: {} });
  for (const { exit, error } of refused) expect([exit, error.field]).toEqual([64, 'title']);
});

test.concurrent('a duplicate is done: exit 0, data.outcome says so', async ({ expect }) => {
  using cli = new Cli();
  const words = ['task', 'create', 'x', '--dedupe-key', 'k'];
  const first = await cli.json(words);

  const second = await cli.json(words);

  expect([first, second].map(({ exit, data }) => [exit, data['outcome'], data.id])).toEqual([
    [0, 'enqueued', first.data.id],
    [0, 'duplicate', first.data.id],
  ]);
});

test.concurrent('a held session is busy, a store with nothing to do has no task: 75', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--session', 's']);
  await cli.run(['task', 'create', 'later', '--delay', '1h']);
  await cli.run(['claim', '--agent', 'a']);

  const busy = await cli.json(['claim', '--agent', 'b', '--session', 's']);
  const none = await cli.json(['claim', '--agent', 'b']);

  expect([busy, none].map(({ exit, error }) => [exit, error.code, error.exit, error.retryable])).toEqual([
    [75, 'BUSY', 75, true],
    [75, 'NO_TASK', 75, true],
  ]);
  expect(busy.error).toMatchObject({
    retry_after_ms: expect.any(Number),
    details: { held_by: { agent: 'a' }, until: expect.stringMatching(TIME) },
  });
  expect(none.error).toMatchObject({ details: { next_due_at: expect.stringMatching(TIME) } });
});

test.concurrent('what is not there is 66; what has ended, or is not empty, is 1', async ({ expect }) => {
  using cli = new Cli();
  const { data } = await cli.json(['task', 'create', 'x', '--session', 's']);
  await cli.run(['task', 'create', 'y', '--session', 's']);
  const claimed = await cli.json(['claim', '--agent', 'a']);
  await cli.run(['release', ...holderOf(claimed.data.lease), '--outcome', 'succeeded']);

  const answers = [
    ['task', 'show', 'absent'],
    ['task', 'cancel', 'absent'],
    ['task', 'retry', 'absent'],
    ['session', 'show', 'absent'],
    ['session', 'close', 'absent'],
    ['claim', '--agent', 'a', '--session', 'absent', '--wait', '1h'],
    ['task', 'cancel', data.id],
    ['task', 'retry', data.id],
    ['session', 'close', 's'],
    ['session', 'close', 's', '--cancel-tasks'],
  ];
  const codes = await Promise.all(
    answers.slice(0, 9).map(async (words) => cli.json(words).then(({ exit, error }) => [exit, error.code])),
  );
  const closed = await cli.json(answers[9] ?? []);

  expect(codes).toEqual([
    ...Array.from({ length: 6 }, () => [66, 'NOT_FOUND']),
    [1, 'ENDED'],
    [1, 'SUCCEEDED'],
    [1, 'NOT_EMPTY'],
  ]);
  expect([closed.exit, closed.data['cancelled']]).toEqual([0, 1]);
});

test.concurrent('status says how many need you where it shows a few, and session list --stale lists them', async ({
  expect,
}) => {
  using cli = new Cli();
  const lines = Array.from({ length: 9 }, (_, at) => JSON.stringify({ title: 'x', session: `session-${at}` }));
  await cli.run(['task', 'create', '--jsonl', '-'], { input: lines.join('\n') });
  const short = ['--ttl', '1s', '--stale-after', '1s'];
  await Promise.all(
    Array.from({ length: 7 }, async (_, at) =>
      cli.run(['claim', '--agent', 'a', '--session', `session-${at}`, ...short]),
    ),
  );
  await cli.run(['claim', '--agent', 'a', '--session', 'session-7']);
  await new Promise((resolve) => setTimeout(resolve, 1_000));

  const text = await cli.run(['status']);
  const { data } = await cli.json(['status']);
  const first = await cli.json(['session', 'list', '--stale', '--limit', '5']);
  const rest = await cli.json(['session', 'list', '--stale', '--after', String(first.meta['next'])]);

  expect(text.stdout).toContain('… 7 stale: orchestrator session list --stale');
  expect(data['needs_you']).toMatchObject({
    stale: Array.from({ length: 5 }, () => ({ agent: 'a' })),
    counts: { dead_letters: 0, stale: 7, cancellations_pending: 0, refused: 0 },
  });
  // What can be claimed now; the queues of the others wait for their holders.
  expect(data['oldest_claimable']).toMatchObject({
    task: { title: 'x', queued_at: expect.any(String) },
    is_capped: false,
  });
  expect([first, rest].map((page) => (page.data as unknown as { id: string }[]).map(({ id }) => id))).toEqual([
    [0, 1, 2, 3, 4].map((at) => `session-${at}`),
    ['session-5', 'session-6'],
  ]);
});

test.concurrent('recover closes what went stale', async ({ expect }) => {
  using cli = new Cli();
  for (const session of ['alive', 's']) await cli.run(['task', 'create', 'x', '--session', session]);
  await cli.run(['claim', '--agent', 'a', '--session', 'alive']);
  const early = await cli.json(['recover']);
  const watching = cli.start(['recover', '--watch', '--jsonl']);
  await cli.run(['claim', '--agent', 'a', '--session', 's', '--ttl', '1s', '--stale-after', '1s']);

  let line = '';
  for await (const chunk of watching.stdout) {
    line = String(chunk);
    watching.kill('SIGINT');
  }

  expect(early.data).toEqual([]);
  expect(JSON.parse(line)).toMatchObject({
    kind: 'recovered',
    data: [{ session_id: 's', outcome: 'requeued', from: { agent: 'a' }, reason: 'stale' }],
  });
  expect(watching.exitCode ?? 0).toBe(0);
});

test.concurrent('a new task names its session by a number, or by the number of a task in it', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--session', 'work']);
  const create = (reference: string) => cli.json(['task', 'create', 'y', '--session', reference]);

  const [bySession, byTask, unknown] = [await create('s2'), await create('t1'), await create('s99')];

  expect([bySession.data, byTask.data]).toMatchObject([{ session_id: 'work' }, { session_id: 'work' }]);
  expect([unknown.exit, unknown.error.message]).toEqual([64, expect.stringContaining('no session has the number s99')]);
});

test.concurrent('the same command id has its effect once', async ({ expect }) => {
  using cli = new Cli();
  const id = (await cli.json(['task', 'create', 'for its id'])).data.id;
  const words = ['task', 'create', 'x', '--command-id', id];

  const [first, again, other] = [
    await cli.json(words),
    await cli.json(words),
    await cli.json([...words, '--priority', '1']),
  ];

  expect(again.data.id).toBe(first.data.id);
  expect([other.exit, other.error.code]).toEqual([64, 'COMMAND_ID_REUSED']);
});

test.concurrent('a claim with the same command id and seed is granted once, and answered the same token', async ({
  expect,
}) => {
  using cli = new Cli();
  const id = await newId(cli);
  await cli.run(['task', 'create', 'x', '--session', 'a']);
  await cli.run(['task', 'create', 'y', '--session', 'b']);
  const words = ['claim', '--agent', 'a', '--command-id', id];

  const [first, again] = [await cli.json(words, { env: SEED }), await cli.json(words, { env: SEED })];
  const other = await cli.json(words, { env: { ORCHESTRATOR_SEED: 'f'.repeat(32) } });

  expect([first.exit, again.exit]).toEqual([0, 0]);
  expect(again.data).toEqual(first.data);
  expect((await cli.json(['session', 'list', '--status', 'running'])).data).toHaveLength(1);
  expect([other.exit, other.error.code]).toEqual([64, 'COMMAND_ID_REUSED']);
});

test.concurrent('a claim that is repeated late says that its lease is over', async ({ expect }) => {
  using cli = new Cli();
  const id = await newId(cli);
  await cli.run(['task', 'create', 'x']);
  const words = ['claim', '--agent', 'a', '--ttl', '1s', '--stale-after', '1s', '--command-id', id];

  const first = await cli.run(words, { env: SEED });
  await sleep(1_500);
  const again = await cli.run(words, { env: SEED });

  expect(first.stdout).toMatch(/yours until .* \(in /);
  expect(again.stdout).toMatch(/yours until .* ago\)/);
});

test.concurrent('so is the next claim of a release', async ({ expect }) => {
  using cli = new Cli();
  const id = await newId(cli);
  for (const session of ['a', 'b', 'c']) await cli.run(['task', 'create', 'x', '--session', session]);
  const { lease } = (await cli.json(['claim', '--agent', 'a'])).data;
  const words = ['release', ...holderOf(lease), '--outcome', 'succeeded', '--claim-next', '--agent', 'a'];

  const first = await cli.json([...words, '--command-id', id], { env: SEED });
  const again = await cli.json([...words, '--command-id', id], { env: SEED });

  expect([first.exit, again.exit]).toEqual([0, 0]);
  expect(first.data).toMatchObject({ next: { lease: { token: pattern.any(String) } } });
  expect(again.data).toEqual(first.data);
  expect((await cli.json(['session', 'list', '--status', 'running'])).data).toHaveLength(1);
});

test.concurrent('namespaces isolate projects that share a store', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--namespace', 'mine']);

  const outside = await cli.json(['task', 'list']);
  const inside = await cli.json(['task', 'list'], { env: { ORCHESTRATOR_NAMESPACE: 'mine' } });

  expect([outside.data, inside.data]).toEqual([[], [expect.objectContaining({ namespace: 'mine', title: 'x' })]]);
});

/** A command id: ids of tasks have its form. */
async function newId(cli: Cli): Promise<string> {
  return (await cli.json(['task', 'create', 'for its id', '--delay', '1h'])).data.id;
}
