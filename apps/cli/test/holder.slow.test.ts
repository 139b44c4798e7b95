/*
 * The holder of a lease on the command line:
 *  - the old holder is refused with 77 after a takeover, which is shown
 *  - what was never granted is refused with 77, and not said to be over; an invented token leaves nothing in the log
 *  - a name is no proof: without a token the holder's verbs are refused with 64, whatever agent and instance say; how
 *    they find the lease of a claim in their terminal is in terminal.slow.test.ts
 *  - a holder that was taken over cannot write with the lease of its successor, even under the same agent and instance
 *  - the token comes from the environment
 *  - release --claim-next continues with the next task in the same step
 *  - what release --claim-next is told of the next lease counts, or is refused; it is never left out in silence
 *  - a cancelled task's holder learns of it with the heartbeat
 */
import { test } from 'vitest';
import { Cli, holderOf, inventedToken } from './support/cli.ts';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const TOKEN = /^\d{16}-[0-9a-f]{32}$/;

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

test.concurrent('what was never granted is refused with 77, and leaves nothing in the log', async ({ expect }) => {
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
  await cli.run(['claim', '--env'], { env });
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

test.concurrent('a holder that was taken over cannot write with the lease of its successor', async ({ expect }) => {
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

test.concurrent('the token comes from the environment; release --claim-next continues in the same step', async ({
  expect,
}) => {
  using cli = new Cli();
  for (const title of ['first', 'second']) await cli.run(['task', 'create', title, '--session', 's']);
  const { data } = await cli.json(['claim', '--agent', 'a']);
  const env = { ORCHESTRATOR_TOKEN: data.lease.token, ORCHESTRATOR_AGENT: 'a' };

  const released = await cli.json(['release', '--outcome', 'succeeded', '--claim-next'], { env });
  const { lease } = released.data['next'] as { lease: { token: string } };
  const saved = await cli.json(['checkpoint', ...holderOf(lease), '--next-action', 'continue']);

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
  const { stderr } = await cli.run(['heartbeat', '--quiet', ...holderOf(claimed.data.lease)]);

  expect(cancelled.data).toMatchObject({ status: 'running', cancel_requested: true });
  expect(stderr).toMatch(/cancellation was requested/);
});
