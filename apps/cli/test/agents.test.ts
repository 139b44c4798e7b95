/*
 * The registry, on the command line:
 *  - agents are registered, listed and shown; what is left out stays as it was
 *  - a registered agent claims for the roles that it was given, and is refused for others
 *  - one that drains or is retired is refused at once, also where it would wait, and may finish what it holds
 *  - the policy of the namespace is shown and set; other names are refused then
 *  - a name that is not registered is 66, a malformed one 64, and nothing is written
 *  - the events of an agent are shown, and verify replays them
 */
import { test } from 'vitest';
import { Cli } from './support/cli.ts';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

test.concurrent('agents are registered, listed and shown', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['agent', 'register', '회사재규', '--role', 'builder,deployer', '--machine', 'desk-1']);
  const person = await cli.json(['agent', 'register', 'owner', '--role', 'owner', '--human']);

  const again = await cli.json(['agent', 'register', '회사재규', '--no-machine']);
  const list = await cli.json(['agent', 'list']);
  const shown = await cli.json(['agent', 'show', '회사재규']);
  const { stdout } = await cli.run(['agent', 'list', '--role', 'owner']);
  const names = await cli.run(['agent', 'list', '--status', 'active', '--quiet']);

  expect(person).toMatchObject({ kind: 'agent', data: { name: 'owner', human: true, roles: ['owner'] } });
  expect(again.data).toMatchObject({ status: 'active', roles: ['builder', 'deployer'], machine: null, human: false });
  expect(list).toMatchObject({ kind: 'agents', data: [{ name: 'owner' }, { name: '회사재규' }] });
  expect(list.meta).toMatchObject({ next: null, agents: 'any' });
  expect(shown.data).toMatchObject({
    name: '회사재규',
    holds: 0,
    first_seen_at: expect.stringMatching(TIME),
    last_seen_at: expect.stringMatching(TIME),
  });
  expect(stdout).toMatch(/STATE +AGENT +KIND +HOLDS +LAST SEEN +MACHINE +ROLES\n● active +owner +person +0 /);
  expect(stdout).not.toContain('회사재규');
  expect(names.stdout).toBe('owner\n회사재규\n');
});

test.concurrent('a registered agent claims for its roles, and is refused for others', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['agent', 'register', 'home-agent', '--role', 'reviewer']);
  const { id } = (await cli.json(['task', 'create', 'review it', '--role', 'reviewer'])).data;

  const refused = await cli.run(['claim', '--agent', 'home-agent', '--role', 'owner', '--json']);
  const claimed = await cli.json(['claim', '--agent', 'home-agent']);

  expect(refused.exit).toBe(77);
  expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'ROLE_NOT_HELD', field: 'roles' } });
  expect(claimed.data).toMatchObject({ task: { id }, lease: { agent: 'home-agent' } });
});

test.concurrent('an agent that drains is refused at once, and may finish what it holds', async ({ expect }) => {
  using cli = new Cli();
  const env = ['--agent', 'home-agent'];
  await cli.run(['agent', 'register', 'home-agent']);
  await cli.run(['task', 'create', 'one']);
  await cli.run(['task', 'create', 'two']);
  const { lease } = (await cli.json(['claim', ...env])).data as { lease: { token: string } };

  const draining = await cli.run(['agent', 'drain', 'home-agent']);
  const refused = await cli.run(['claim', ...env, '--wait', '1h', '--json']);
  const released = await cli.json(['release', '--token', lease.token, '--outcome', 'succeeded']);
  const retired = await cli.json(['agent', 'retire', 'home-agent']);
  const late = await cli.run(['agent', 'drain', 'home-agent', '--json']);
  const again = await cli.json(['agent', 'register', 'home-agent']);

  expect(draining.stdout).toMatch(/^◌ draining +home-agent/);
  expect(draining.stderr).toContain('orchestrator session list --held-by home-agent');
  expect(refused.exit).toBe(77);
  expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'AGENT_DRAINING', field: 'agent' } });
  expect(released.data).toMatchObject({ status: 'succeeded' });
  expect(retired.data).toMatchObject({ status: 'retired' });
  expect(JSON.parse(late.stdout)).toMatchObject({ error: { code: 'AGENT_RETIRED' } });
  expect(again.data).toMatchObject({ status: 'active' });
  expect((await cli.run(['claim', ...env])).exit).toBe(0);
});

test.concurrent('where only registered agents may claim, others are refused', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'one']);
  const before = await cli.run(['agent', 'policy']);
  const set = await cli.json(['agent', 'policy', 'registered_only']);

  const refused = await cli.run(['claim', '--agent', 'stranger', '--json']);
  const unknown = await cli.run(['agent', 'policy', 'none']);

  expect(before.stdout).toBe('any: any name may claim, registered or not\n');
  expect(set).toMatchObject({ kind: 'agent_policy', data: { agents: 'registered_only' } });
  expect(refused.exit).toBe(77);
  expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'AGENT_UNREGISTERED' } });
  expect(unknown.exit).toBe(64);
});

test.concurrent('a name that is not registered is not found, and a malformed one is no name', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'one']);

  const codes = await Promise.all(
    [
      ['agent', 'show', 'stranger'],
      ['agent', 'drain', 'stranger'],
      ['agent', 'retire', 'stranger'],
      ['agent', 'register', 'two words'],
      ['agent', 'drain', '*'],
    ].map(async (words) => (await cli.run(words)).exit),
  );

  expect(codes).toEqual([66, 66, 66, 64, 64]);
  expect((await cli.json(['agent', 'list'])).data).toEqual([]);
});

test.concurrent('the events of an agent are shown, and verify replays them', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['agent', 'register', 'home-agent', '--role', 'reviewer']);
  await cli.run(['agent', 'drain', 'home-agent']);
  await cli.run(['agent', 'policy', 'registered_only']);

  const events = await cli.run(['events']);
  const ofAgent = await cli.json(['events', '--of-agent', 'home-agent']);
  const verified = await cli.json(['verify']);

  expect(events.stdout).toMatch(/● agent\.registered {2}agent home-agent {2}roles=\["reviewer"\]\n/);
  expect(events.stdout).toMatch(/◌ agent\.draining {2}agent home-agent\n/);
  expect(events.stdout).toMatch(/· agent\.policy_set {2}all other agents {2}agents=registered_only\n/);
  expect(ofAgent.data).toMatchObject([
    { stream_kind: 'agent', stream_id: 'home-agent', seq: 1, type: 'agent.registered', session_id: null },
    { stream_kind: 'agent', stream_id: 'home-agent', seq: 2, type: 'agent.draining' },
  ]);
  expect(verified.data).toMatchObject({ ok: true, events: 3, agents: 2 });
});
