/*
 * Working from the command line:
 *  - a task is added, claimed, saved, released; each step has its document
 *  - a duplicate is done: exit 0, data.outcome says so
 *  - a held session is busy, an empty store has no task: 75
 *  - the old holder is refused with 77 after a takeover, which is shown
 *  - what was never granted is refused with 77, and not said to be over
 *  - what is not there is 66; what has ended, or is not empty, is 1
 *  - without session and token: the one lease of this agent and instance, else 64 or 77
 *  - session and token come from the environment
 *  - release --claim-next goes on with the next task in the same step
 *  - what release --claim-next is told of the next lease counts, or is refused; it is never left out in silence
 *  - a cancelled task's holder learns of it with the heartbeat
 *  - status says how many need you where it shows a few, and session list --stale lists them
 *  - recover closes what went stale
 *  - the same command id has its effect once
 *  - namespaces are walls
 */
import { test } from 'vitest';
import { Cli } from './support/cli.ts';

const ID = /^[0-9a-f-]{36}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

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
  const saved = await cli.json(['checkpoint', ...holder, '--next-action', 'add up', '--data', '{"soFar":3}']);
  const released = await cli.json(['release', ...holder, '--outcome', 'succeeded', '--result', '{"sum":3}']);
  const shown = await cli.json(['task', 'show', added.data.id]);

  expect([added, claimed, saved, released, shown].map(({ exit, schema_version }) => [exit, schema_version])).toEqual(
    Array.from({ length: 5 }, () => [0, 1]),
  );
  expect(added).toEqual({
    exit: 0,
    schema_version: 1,
    kind: 'task',
    data: {
      outcome: 'enqueued',
      id: expect.stringMatching(ID),
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
      token: expect.any(Number),
      expires_at: expect.stringMatching(TIME),
      ttl_ms: 60_000,
      stale_after_ms: 60_000,
    },
    context: null,
    takeover: null,
  });
  expect(saved.data).toMatchObject({
    session_id: 's',
    turn: 1,
    expires_at: expect.stringMatching(TIME),
    cancel_requested: false,
    late: false,
  });
  expect(released.data).toMatchObject({
    session_id: 's',
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
    { from: { agent: 'a', instance: null, token: old.data.lease.token }, reason: 'expired' },
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
          successor: { agent: 'b', instance: null, token: next.data.lease.token },
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

test.concurrent('what was never granted is refused with 77, and not said to be over', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--session', 's']);
  const { data } = await cli.json(['claim', '--agent', 'a', '--instance', 'i']);
  const beat = async (...words: string[]) => (await cli.json(['heartbeat', ...words])).error;

  const noSession = await beat('--session', 'absent', '--token', '7');
  const noToken = await beat('--session', 's', '--token', '7');
  const anothers = await beat(...holderOf(data.lease), '--instance', 'j');

  for (const error of [noSession, noToken, anothers]) {
    expect([error.exit, error.code]).toEqual([77, 'LEASE_LOST']);
    expect(error.message).not.toMatch(/any more|is over/);
  }
  expect(noSession.message).toMatch(/no lease with token 7 was granted on session absent\.$/);
  expect(noToken.message).toMatch(/no lease with token 7 was granted on session s\. a holds it, with token \d+\.$/);
  expect(anothers.message).toMatch(/is of another instance: i/);
});

test.concurrent('without session and token: the one lease of this agent and instance, else 64 or 77', async ({
  expect,
}) => {
  using cli = new Cli();
  const me = { env: { ORCHESTRATOR_AGENT: 'a', ORCHESTRATOR_INSTANCE: 'i' } };
  for (const session of ['s', 't']) await cli.run(['task', 'create', 'x', '--session', session]);

  const without = await cli.json(['heartbeat'], { env: { ORCHESTRATOR_AGENT: 'a' } });
  const none = await cli.json(['heartbeat'], me);
  await cli.run(['claim'], me);
  const one = await cli.json(['heartbeat'], me);
  const others = await cli.json(['heartbeat', '--agent', 'a', '--instance', 'j']);
  await cli.run(['claim'], me);
  const two = await cli.json(['heartbeat'], me);
  const named = await cli.json(['heartbeat', '--session', 't'], me);

  expect([without, none, others, two].map(({ exit, error }) => [exit, error.code])).toEqual([
    [64, 'USAGE'],
    [77, 'NO_LEASE'],
    [77, 'NO_LEASE'],
    [64, 'USAGE'],
  ]);
  expect(without.error.hint).toMatch(/--session and --token/);
  expect([one, named].map(({ exit, data }) => [exit, data['session_id']])).toEqual([
    [0, 's'],
    [0, 't'],
  ]);
});

test.concurrent('session and token come from the environment; release --claim-next goes on in the same step', async ({
  expect,
}) => {
  using cli = new Cli();
  for (const title of ['first', 'second']) await cli.run(['task', 'create', title, '--session', 's']);
  const { data } = await cli.json(['claim', '--agent', 'a']);
  const env = { ORCHESTRATOR_SESSION: 's', ORCHESTRATOR_TOKEN: String(data.lease.token), ORCHESTRATOR_AGENT: 'a' };

  const released = await cli.json(['release', '--outcome', 'succeeded', '--claim-next'], { env });

  expect([released.exit, released.data['next']]).toEqual([
    0,
    expect.objectContaining({ task: expect.objectContaining({ title: 'second', status: 'running' }) }),
  ]);
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
  const lines = Array.from({ length: 9 }, (_, at) => JSON.stringify({ title: 'x', session: `s${at}` }));
  await cli.run(['task', 'create', '--jsonl', '-'], { input: lines.join('\n') });
  const short = ['--ttl', '1s', '--stale-after', '1s'];
  await Promise.all(
    Array.from({ length: 7 }, async (_, at) => cli.run(['claim', '--agent', 'a', '--session', `s${at}`, ...short])),
  );
  await cli.run(['claim', '--agent', 'a', '--session', 's7']);
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
    ['s0', 's1', 's2', 's3', 's4'],
    ['s5', 's6'],
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

test.concurrent('namespaces are walls', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--namespace', 'mine']);

  const outside = await cli.json(['task', 'list']);
  const inside = await cli.json(['task', 'list'], { env: { ORCHESTRATOR_NAMESPACE: 'mine' } });

  expect([outside.data, inside.data]).toEqual([[], [expect.objectContaining({ namespace: 'mine', title: 'x' })]]);
});

function holderOf(lease: { readonly session_id: string; readonly token: number }): string[] {
  return ['--session', lease.session_id, '--token', String(lease.token)];
}
