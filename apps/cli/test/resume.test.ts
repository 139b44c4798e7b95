/*
 * Continuity on the command line:
 *  - the card is printed as it is, twice the same; with --json it comes with what it is made of
 *  - nothing to continue: no byte, and exit 0
 *  - without a session it needs an agent (64); a session that is not there is 66; a budget has its bounds (64)
 *  - an agent that was killed takes its session back at once with claim --resume, and reads where it was
 *  - its old run is refused
 *  - checkpoints stay in the log
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';
import { Cli, holderOf } from './support/cli.ts';

test.concurrent('the card is printed as it is, twice the same; --json has what it is made of', async ({ expect }) => {
  using cli = new Cli();
  const { id } = (await cli.json(['task', 'create', 'Count', '--session', 's', '--payload', '{"fooBar":1}'])).data;
  const claimed = await cli.json(['claim', '--agent', 'a', '--instance', 'i']);
  await cli.run([
    'checkpoint',
    ...holderOf(claimed.data.lease),
    '--next-action',
    'add up',
    '--memory-ref',
    'm',
    '--hash',
    'h',
  ]);

  const [first, again, named] = [
    await cli.run(['resume', '--agent', 'a']),
    await cli.run(['resume', '--agent', 'a']),
    await cli.run(['resume', 's']),
  ];
  const { data, meta } = await cli.json(['resume', '--agent', 'a']);

  expect(first).toMatchObject({ exit: 0, stderr: '' });
  expect(first.stdout).toMatch(/\n## Held by a\nsession s \(running\)\nlease of a \(i\), fence \d+, /);
  expect(first.stdout).toContain('next action "add up"\nmemory "m"\nhash "h"\n');
  expect(again.stdout).toBe(first.stdout);
  expect(named.stdout).toContain('## Held by a\n');
  expect(data).toMatchObject({
    agent: 'a',
    instance: null,
    session: {
      id: 's',
      tenure: { fence: claimed.data.lease.fence, until: expect.stringMatching(/Z$/), ended: null },
      task: { id, payload: { fooBar: 1 } },
      checkpoint: { turn: 1, next_action: 'add up', memory_ref: 'm', hash: 'h', event_id: 4 },
    },
    waiting_for: [],
    text: first.stdout,
  });
  expect(meta).toEqual({ as_of: 4 });
});

test.concurrent('nothing to continue: no byte, and exit 0; other ends are told apart', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['store', 'init']);

  const empty = await cli.run(['resume', '--agent', 'a']);
  const asJson = await cli.json(['resume', '--agent', 'a']);
  const refused = [
    await cli.json(['resume', 'absent']),
    await cli.json(['resume', '--agent', 'a', '--budget', '399']),
    await cli.json(['resume', '--agent', 'no name']),
  ];

  expect(empty).toEqual({ exit: 0, signal: null, stdout: '', stderr: '' });
  expect([asJson.exit, asJson.kind, asJson.data]).toEqual([0, 'resume', null]);
  expect(refused.map(({ exit, error }) => [exit, error.code])).toEqual([
    [66, 'NOT_FOUND'],
    [64, 'USAGE'],
    [64, 'INVALID_INPUT'],
  ]);
});

/** An agent as a script: it claims, saves its progress, and heartbeats until it is killed. */
const AGENT = `
  set -e
  lease=$("$@" claim --agent a --instance run-1 --session s --json)
  token=$(sed 's/.*"token":"\\([^"]*\\)".*/\\1/' <<<"$lease")
  "$@" checkpoint --token "$token" --last-action 'counted src' --next-action 'count test' --quiet
  echo "$token" > token.new && mv token.new token
  while true; do "$@" heartbeat --token "$token" --quiet; sleep 0.1; done
`;

test.skipIf(process.platform === 'win32')(
  'a killed agent takes its session back at once, and its old run is refused',
  async ({ expect }) => {
    using cli = new Cli();
    await cli.run(['task', 'create', 'Count', '--session', 's']);
    const program = fileURLToPath(new URL('../bin/orchestrator.js', import.meta.url));
    const agent = spawn('bash', ['-c', AGENT, 'agent', process.execPath, program], {
      cwd: cli.folder,
      env: { PATH: process.env['PATH'], HOME: cli.folder, ORCHESTRATOR_STORE: cli.store },
      stdio: 'ignore',
    });
    const file = join(cli.folder, 'token');
    while (!existsSync(file) && agent.exitCode === null) await pause(20);
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    const token = readFileSync(file, 'utf8').trim();

    const stranger = await cli.json(['claim', '--agent', 'b', '--session', 's']);
    const card = await cli.run(['resume', '--agent', 'a', '--instance', 'run-2']);
    const resumed = await cli.json(['claim', '--agent', 'a', '--instance', 'run-2', '--resume']);
    const refused = await cli.json(['checkpoint', '--token', token, '--next-action', 'x']);
    const saved = await cli.json(['checkpoint', ...holderOf(resumed.data.lease), '--next-action', 'report']);
    const history = await cli.json(['events', '--session', 's', '--type', 'session.checkpointed', '--after', '0']);

    expect([stranger.exit, stranger.error.code]).toEqual([75, 'BUSY']);
    expect(card.stdout).toContain('next action "count test"');
    expect(card.stdout).toContain('`orchestrator claim --agent a --instance run-2 --session s --resume` takes it back');
    expect(resumed.exit).toBe(0);
    expect(resumed.data).toMatchObject({
      takeover: { from: { agent: 'a', instance: 'run-1', fence: Number(token.split('-')[0]) }, reason: 'resumed' },
      context: { turn: 1, last_action: 'counted src', next_action: 'count test' },
    });
    expect([refused.exit, refused.error.code]).toEqual([77, 'LEASE_LOST']);
    expect(saved.data['turn']).toBe(2);
    expect(history.data).toMatchObject([
      { payload: { turn: 1, next_action: 'count test' } },
      { payload: { turn: 2, next_action: 'report' } },
    ]);
  },
);
