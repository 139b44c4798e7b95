/*
 * What the caller holds is called "you":
 *  - within `run`: in status, card and since it is the lease of the run; another run's of the same agent is not
 *  - with a token alone, as the claim says to set it, it is the lease of the token
 *  - in a shell: what the run of the agent holds that both name; the name of the agent alone is no "you"
 *  - a lost lease is no longer held: since tells that it was taken from you, and that your late write was refused
 *  - the caller's own leases come first in status, however many others there are
 *  - programs get it as `you`
 */
import { test } from 'vitest';
import { Cli, holderOf } from './support/cli.ts';
import { ORCHESTRATOR } from './support/running.ts';

test.concurrent('within run, you are the holder of its lease', async ({ expect }) => {
  using cli = new Cli();
  for (const session of ['mine', 'other']) await cli.run(['task', 'create', `of ${session}`, '--session', session]);
  await cli.run(['claim', '--agent', 'a', '--session', 'other']);
  const script = `${ORCHESTRATOR} status; ${ORCHESTRATOR} resume; ${ORCHESTRATOR} resume other; true`;

  const { stdout } = await cli.run(['run', '--agent', 'a', '--session', 'mine', '--', 'sh', '-c', script]);
  const [status = '', ofRun = '', ofOther = ''] = stdout.split(/^(?=Facts|# )/m);

  expect(status).toMatch(/running {2}a \(you\) +.*of mine/);
  expect(status).toMatch(/running {2}a {2,}.*of other/);
  expect(ofRun).toMatch(/^## Held by you, a\nsession mine \(running\)$/m);
  expect(ofOther).toMatch(/^## Held by a\nsession other \(running\)$/m);
});

test.concurrent('in a shell, you are the run of the agent that it names, or the holder of its token', async ({
  expect,
}) => {
  using cli = new Cli();
  for (const session of ['s', 't']) await cli.run(['task', 'create', `of ${session}`, '--session', session]);
  await cli.run(['claim', '--agent', 'a', '--session', 's', '--instance', 'one']);
  const { lease } = (await cli.json(['claim', '--agent', 'b', '--session', 't'])).data;
  const youIn = async (words: string[], env = {}) => {
    const { data } = await cli.json(['status', ...words], { env });
    const working = data['working'] as { agent: string; you: boolean }[];
    return working.filter(({ you }) => you).map(({ agent }) => agent);
  };

  const seen = [
    await youIn(['--agent', 'a']),
    await youIn([], { ORCHESTRATOR_AGENT: 'b' }),
    await youIn([]),
    await youIn(['--agent', 'a', '--instance', 'one']),
    await youIn(['--agent', 'a', '--instance', 'two']),
    await youIn(['--agent', 'b', '--instance', 'one']),
    await youIn([], { ORCHESTRATOR_TOKEN: lease.token }),
    await youIn(['--agent', 'a'], { ORCHESTRATOR_TOKEN: lease.token }),
  ];
  const cards = [
    await cli.run(['resume', '--agent', 'b']),
    await cli.run(['resume', '--agent', 'b'], { env: { ORCHESTRATOR_TOKEN: lease.token } }),
  ];

  expect(seen).toEqual([[], [], [], ['a'], [], [], ['b'], ['b']]);
  expect(cards.map(({ stdout }) => /^## Held by .*$/m.exec(stdout)?.[0])).toEqual([
    '## Held by b',
    '## Held by you, b',
  ]);
});

test.concurrent('a lease that was taken from you, and your late write, are told as yours', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--session', 's']);
  const { lease } = (await cli.json(['claim', '--agent', 'a', '--instance', 'one', '--ttl', '60s'])).data;
  await cli.run(['claim', '--agent', 'a', '--session', 's', '--resume', '--instance', 'two']);
  await cli.run(['heartbeat', ...holderOf(lease)]);
  const env = { ORCHESTRATOR_TOKEN: lease.token, ORCHESTRATOR_AGENT: 'a', ORCHESTRATOR_SESSION: 's' };

  const { stdout } = await cli.run(['since', '1h'], { env });
  const ofAnother = await cli.run(['since', '1h'], { env: { ORCHESTRATOR_AGENT: 'b' } });
  const [one, two, unnamed] = [
    await cli.run(['since', '1h', '--agent', 'a', '--instance', 'one']),
    await cli.run(['since', '1h', '--agent', 'a', '--instance', 'two']),
    await cli.run(['since', '1h', '--agent', 'a']),
  ];
  const status = await cli.json(['status'], { env });

  expect(stdout).toMatch(/from you \(a\) {2}by a {2}\(resumed\)/);
  expect(stdout).toContain('a late heartbeat of you (a) was refused');
  expect(one.stdout).toMatch(/from you \(a\) {2}by a {2}\(resumed\)/);
  expect(two.stdout).toMatch(/from a {2}by you \(a\) {2}\(resumed\)/);
  expect(ofAnother.stdout + unnamed.stdout).not.toContain('you (');
  expect(status.data['working']).toMatchObject([{ agent: 'a', you: false }]);
});

test.concurrent('your own leases come first, however many others there are', async ({ expect }) => {
  using cli = new Cli();
  const input = Array.from({ length: 13 }, (_, n) => JSON.stringify({ title: `x${n}`, session: `line-${n}` })).join(
    '\n',
  );
  await cli.run(['task', 'create', '--jsonl', '-'], { input });
  for (let n = 0; n < 12; n += 1) await cli.run(['claim', '--agent', 'other', '--session', `line-${n}`]);
  await cli.run(['claim', '--agent', 'me', '--instance', 'one', '--session', 'line-12']);

  const { data } = await cli.json(['status', '--agent', 'me', '--instance', 'one']);

  const working = data['working'] as { you: boolean; session_id: string }[];
  expect(working.map(({ you }) => you)).toEqual([true, ...Array.from({ length: 9 }, () => false)]);
  expect(working[0]?.session_id).toBe('line-12');
});
