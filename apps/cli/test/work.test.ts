/*
 * Working from the command line:
 *  - a task is added, claimed, saved, released; each step has its document
 *  - a duplicate is done: exit 0, data.outcome says so
 *  - a held session is busy, an empty store has no task: 75
 *  - the old holder is refused with 77 after a takeover, which is shown
 *  - what was never granted is refused with 77, and not said to be over; an invented token leaves nothing in the log
 *  - what is not there is 66; what has ended, or is not empty, is 1
 *  - a name is no proof: without a token the holder's verbs are refused with 64, whatever agent and instance say
 *  - a holder that was taken over cannot write with the lease of its successor, even under the same agent and instance
 *  - the token comes from the environment
 *  - release --claim-next goes on with the next task in the same step
 *  - what release --claim-next is told of the next lease counts, or is refused; it is never left out in silence
 *  - a cancelled task's holder learns of it with the heartbeat
 *  - status says how many need you where it shows a few, and session list --stale lists them
 *  - recover closes what went stale
 *  - the same command id has its effect once
 *  - namespaces isolate projects that share a store
 */
import { test } from 'vitest';
import { Cli, holderOf, inventedToken } from './support/cli.ts';

const ID = /^[0-9a-f-]{36}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const TOKEN = /^\d{16}-[0-9a-f]{32}$/;

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
      id: expect.stringMatching(ID),
      number: 1,
      namespace: 'default',
      session_id: 's',
      kind: 'count',
      title: 'Count',
      payload: { camelCase: [{ atAll: 1 }] },
      priority: 5,
      status: 'queued',
      dedupe_key: null,
      run_at: null,
      queued_at: expect.stringMatching(TIME),
      created_at: expect.stringMatching(TIME),
      started_at: null,
      finished_at: null,
      attempt: 0,
      attempts_max: 4,
      interruptions: 0,
      interruptions_max: 16,
      backoff_ms: 5_000,
      assignee: null,
      role: null,
      author: null,
      reviewer: null,
      source: null,
      note: null,
      cancel_requested_at: null,
      result: null,
      error: null,
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
  expect(beat.data).toEqual({
    session_id: 's',
    task_id: added.data.id,
    expires_at: expect.stringMatching(TIME),
    cancel_requested: false,
    late: false,
  });
  expect(saved.data).toEqual({
    session_id: 's',
    task_id: added.data.id,
    turn: 1,
    expires_at: expect.stringMatching(TIME),
    cancel_requested: false,
    late: false,
  });
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

test.concurrent('the old holder is refused with 77 after a takeover, which is shown', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--session', 's']);
  const old = await cli.json(['claim', '--agent', 'a', '--ttl', '1s', '--stale-after', '1s']);

  const next = await cli.json(['claim', '--agent', 'b', '--session', 's', '--wait', '10s']);

  expect([next.exit, next.data['takeover']]).toEqual([
    0,
    { from: { agent: 'a', instance: null, fence: old.data.lease.fence }, reason: 'expired' },
  ]);
  for (const verb of [['heartbeat'], ['checkpoint'], ['release', '--outcome', 'succeeded']]) {
    const refused = await cli.json([...verb, ...holderOf(old.data.lease)]);
    expect([refused.exit, refused.error]).toEqual([
      77,
      expect.objectContaining({
        code: 'LEASE_LOST',
        details: {
          ended_by: 'lease.taken_over',
          at: expect.stringMatching(TIME),
          successor: { agent: 'b', instance: null, fence: next.data.lease.fence },
        },
      }),
    ]);
  }
  const status = await cli.run(['status']);
  expect(status.stdout).toMatch(/✗ refused .*late write of a was refused/);
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

test.concurrent('what was never granted is refused with 77, is not said to be over, and leaves nothing in the log', async ({
  expect,
}) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--session', 's']);
  const { lease } = (await cli.json(['claim', '--agent', 'a', '--instance', 'i'])).data;
  const before = await cli.json(['events']);
  const refusal = async (...words: string[]) => (await cli.json(words)).error;

  const unknown = await refusal('heartbeat', '--token', inventedToken());
  const largest = await refusal('heartbeat', '--token', inventedToken('9999999999999999'));
  const guessed = [
    await refusal('heartbeat', '--token', inventedToken(lease.fence)),
    await refusal('checkpoint', '--token', inventedToken(lease.fence), '--next-action', 'x'),
    await refusal('release', '--token', inventedToken(lease.fence), '--outcome', 'succeeded'),
  ];
  const anothers = await refusal('heartbeat', ...holderOf(lease), '--instance', 'j');

  for (const error of [unknown, largest, ...guessed, anothers]) {
    expect([error.exit, error.code]).toEqual([77, 'LEASE_LOST']);
    expect(error.message).not.toMatch(/any more|is over/);
  }
  expect(unknown.message).toMatch(/there was never a lease with this token \(fence 7\)\.$/);
  for (const { message } of [...guessed, anothers])
    expect(message).toContain(`not the token and instance of the lease with fence ${lease.fence}, which a holds.`);
  expect(await cli.json(['events'])).toEqual(before);
  expect((await cli.json(['heartbeat', ...holderOf(lease)])).exit).toBe(0);
});

test.concurrent('a name is no proof: without a token the verbs of a holder are refused with 64', async ({ expect }) => {
  using cli = new Cli();
  const env = {
    ORCHESTRATOR_AGENT: 'a',
    ORCHESTRATOR_INSTANCE: 'i',
    ORCHESTRATOR_SESSION: 's',
    ORCHESTRATOR_TOKEN: '',
  };
  await cli.run(['task', 'create', 'x', '--session', 's']);
  await cli.run(['claim'], { env });
  const verbs = [['heartbeat'], ['checkpoint', '--next-action', 'x'], ['release', '--outcome', 'succeeded']];

  const nameless = await Promise.all(verbs.map((words) => cli.json(words)));
  const named = await Promise.all(verbs.map((words) => cli.json(words, { env })));
  const ofSession = await Promise.all(verbs.map((words) => cli.json([...words, '--session', 's'], { env })));

  for (const { exit, error } of [...nameless, ...named]) {
    expect([exit, error.code, error.field]).toEqual([64, 'USAGE', 'token']);
    expect(error.hint).toContain('eval "$(orchestrator claim --env)"');
  }
  expect(ofSession.map(({ exit, error }) => [exit, error.message])).toEqual(
    verbs.map(() => [64, expect.stringContaining("unknown option '--session'")]),
  );
  expect((await cli.json(['session', 'show', 's'])).data).toMatchObject({ status: 'running', context: null });
});

test.concurrent('a holder that was taken over cannot write with the lease of its successor, under the same names', async ({
  expect,
}) => {
  using cli = new Cli();
  const names = { ORCHESTRATOR_AGENT: 'company-agent', ORCHESTRATOR_INSTANCE: 'shell-1' };
  await cli.run(['task', 'create', 'parser', '--session', 'p']);
  const first = await cli.json(['claim', '--ttl', '1s', '--stale-after', '1s'], { env: names });
  const next = await cli.json(['claim', '--wait', '15s'], { env: names });
  const [ofFirst, ofNext] = [first, next].map(({ data }) => ({
    env: { ...names, ORCHESTRATOR_TOKEN: data.lease.token },
  }));

  const saved = await cli.json(['checkpoint', '--next-action', 'B: step 7'], ofNext);
  const late = [
    await cli.json(['checkpoint', '--next-action', 'A: step 2'], ofFirst),
    await cli.json(['heartbeat'], ofFirst),
    await cli.json(['release', '--outcome', 'succeeded'], ofFirst),
  ];
  const session = await cli.json(['session', 'show', 'p']);
  const refusals = await cli.json(['events', '--type', 'lease.refused']);
  const released = await cli.json(['release', '--outcome', 'succeeded'], ofNext);

  expect([first.exit, next.exit, saved.exit, released.exit]).toEqual([0, 0, 0, 0]);
  expect(late.map(({ exit, error }) => [exit, error.code])).toEqual(late.map(() => [77, 'LEASE_LOST']));
  expect(session.data).toMatchObject({ fence: next.data.lease.fence, context: { turn: 1, next_action: 'B: step 7' } });
  expect(refusals.data).toMatchObject([
    { fence: first.data.lease.fence, lease_effect: 'refused', payload: { operation: 'checkpoint' } },
  ]);
});

test.concurrent('the token comes from the environment; release --claim-next goes on in the same step', async ({
  expect,
}) => {
  using cli = new Cli();
  for (const title of ['first', 'second']) await cli.run(['task', 'create', title, '--session', 's']);
  const { data } = await cli.json(['claim', '--agent', 'a']);
  const env = { ORCHESTRATOR_TOKEN: data.lease.token, ORCHESTRATOR_AGENT: 'a' };

  const released = await cli.json(['release', '--outcome', 'succeeded', '--claim-next'], { env });
  const { lease } = released.data['next'] as { lease: { token: string } };
  const saved = await cli.json(['checkpoint', ...holderOf(lease), '--next-action', 'go on']);

  expect([released.exit, released.data['next']]).toEqual([
    0,
    expect.objectContaining({ task: expect.objectContaining({ title: 'second', status: 'running' }) }),
  ]);
  expect(lease.token).toMatch(TOKEN);
  expect(saved.exit).toBe(0);
});

test.concurrent('what release --claim-next is told of the next lease counts, or is refused', async ({ expect }) => {
  using cli = new Cli();
  for (const kind of ['dull', 'fine', 'fine']) await cli.run(['task', 'create', 'x', '--kind', kind]);
  const { data } = await cli.json(['claim', '--agent', 'a', '--kind', 'fine']);
  const words = ['release', '--agent', 'a', ...holderOf(data.lease), '--outcome', 'succeeded'];

  const refused = await Promise.all(
    [
      ['--claim-next', '--ttl', '0s'],
      ['--claim-next', '--stale-after', '0s'],
      ['--ttl', '60s'],
      ['--to-role', ''],
    ].map(async (more) => cli.json([...words, ...more])),
  );
  const next = await cli.json([...words, '--claim-next', '--kind', 'fine', '--ttl', '60s', '--stale-after', '30s']);

  expect(refused.map(({ exit }) => exit)).toEqual([64, 64, 64, 64]);
  expect(refused.map(({ error }) => error.message)).toEqual(
    ['--ttl', '--stale-after', '--ttl', '--to'].map((flag) => expect.stringContaining(flag)),
  );
  expect(next.data['next']).toMatchObject({
    task: { kind: 'fine' },
    lease: { ttl_ms: 60_000, stale_after_ms: 30_000 },
  });
});

test.concurrent("a cancelled task's holder learns of it with the heartbeat", async ({ expect }) => {
  using cli = new Cli();
  const { data } = await cli.json(['task', 'create', 'x']);
  const claimed = await cli.json(['claim', '--agent', 'a']);

  const cancelled = await cli.json(['task', 'cancel', data.id]);
  const { stderr } = await cli.run(['heartbeat', ...holderOf(claimed.data.lease)]);

  expect(cancelled.data).toMatchObject({ status: 'running', cancel_requested: true });
  expect(stderr).toMatch(/cancellation was asked/);
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

test.concurrent('namespaces isolate projects that share a store', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--namespace', 'mine']);

  const outside = await cli.json(['task', 'list']);
  const inside = await cli.json(['task', 'list'], { env: { ORCHESTRATOR_NAMESPACE: 'mine' } });

  expect([outside.data, inside.data]).toEqual([[], [expect.objectContaining({ namespace: 'mine', title: 'x' })]]);
});
