/*
 * Hand-offs, on the command line:
 *  - until the task is claimed, status, lists, since and the resume card say by whom, to whom and since when
 *  - the claim of the receiver acknowledges it: it is over, and the log says so
 *  - with --by the task goes back, and is shown as back
 *  - a time that is no length of time is refused, and the flag is named; so is one without a hand-off
 */
import { test } from 'vitest';
import { handOffText } from '../src/views/hand-off.ts';
import { Cli, holderOf } from './support/cli.ts';
import { runOnceAged, until } from './support/running.ts';

/** Given: a task that `a` handed off. */
async function handedOff(cli: Cli, ...words: readonly string[]): Promise<void> {
  await cli.run(['task', 'create', 'Sign it']);
  const { data } = await cli.json(['claim', '--agent', 'a']);
  const lease = data['lease'] as { readonly token: string };
  await cli.run(['release', ...holderOf(lease), '--outcome', 'handed_off', ...words]);
}

test('a review whose sender has given its verdict is shown to go back to its role', ({ expect }) => {
  const sent = { assignee: 'jane', role: null, handedOffBy: 'a', handedOffAt: 0, returnedFrom: null };
  const text = handOffText({ ...sent, returnAt: 60_000, returnsTo: 'role:reviewer' }, 0);
  expect(text).toMatch(/^for jane, handed off by a .*, goes back in .* to role reviewer$/);
});

test.concurrent('a hand-off is shown until it is claimed', { timeout: 60_000 }, async ({ expect }) => {
  using cli = new Cli();
  await handedOff(cli, '--to', 'jane', '--by', '2h', '--note', 'please');

  const text = await until(() => runOnceAged(cli, ['status']));
  await cli.run(['agent', 'register', 'a']);
  const unknown = await cli.run(['status']);
  const { data } = await cli.json(['status']);
  const listed = await cli.json(['task', 'list', '--handed-off']);
  const shown = await cli.run(['task', 'show', 't1']);
  const card = await cli.run(['resume', '--agent', 'jane']);
  await cli.run(['claim', '--agent', 'jane']);
  const after = await cli.run(['status']);
  const events = await cli.run(['events', '--type', 'task.claimed']);

  const said = /for jane, handed off by a \S+( ago)?, goes back in 1h 59m to a/;
  expect(text.stdout).toMatch(new RegExp(`HANDED OFF\n.* t1 {2}Sign it {2}${said.source} {2}note: please\n`));
  expect(unknown.stdout).toMatch(/to a {2}no agent has this name {2}note: please\n/);
  expect(data['hand_offs']).toMatchObject({
    count: 1,
    is_capped: false,
    tasks: [{ title: 'Sign it', assignee: 'jane', handed_off_by: 'a', returns_to: 'agent:a', receiver_unknown: true }],
  });
  expect(listed.data).toMatchObject([{ title: 'Sign it', return_at: expect.stringMatching(/Z$/) }]);
  expect(shown.stdout).toMatch(said);
  expect(card.stdout).toMatch(/task t1 "Sign it", handed over by a at \S+ \(#\d+\), goes back at \S+ if not claimed/);
  expect(after.stdout).not.toContain('HANDED OFF');
  expect(events.stdout).toMatch(/by jane .* handed_off_by=a\n/);
});

test.concurrent('a task that is not claimed in time is shown as back', { timeout: 60_000 }, async ({ expect }) => {
  using cli = new Cli();
  await handedOff(cli, '--to-role', 'boss', '--by', '1ms');

  const due = await cli.run(['status']);
  await cli.run(['recover']);
  const back = await cli.run(['status']);
  const why = await cli.run(['why', 'task', 't1', '--agent', 'b']);
  const since = await cli.run(['since', '1h', '--agent', 'a']);

  expect(due.stdout).toMatch(/for role boss, handed off by a .*, goes back with the next claim to a\n/);
  expect(back.stdout).toMatch(/back at a: role boss did not claim it, handed off .*\n/);
  expect(why.stdout).toMatch(
    /Only agent a may claim it, not agent b. Agent a handed it off to role boss at .*It came back/,
  );
  expect(since.stdout).toMatch(/1 returned .*\n.* back at a {2}role boss did not claim it in time\n/);
});

test.concurrent('a time that is none is refused, and the flag is named', { timeout: 60_000 }, async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x']);
  const { data } = await cli.json(['claim', '--agent', 'a']);
  const lease = data['lease'] as { readonly token: string };
  const release = async (by: string, ...words: readonly string[]) => {
    const { exit, stderr } = await cli.run(['release', ...holderOf(lease), ...words, '--by', by]);
    return [exit, stderr];
  };
  const toJane = ['--outcome', 'handed_off', '--to', 'jane'];

  const refusals = [
    await release('0s', ...toJane),
    await release('-1h', ...toJane),
    await release('2020-01-01', ...toJane),
    await release('2h', '--outcome', 'succeeded'),
  ];

  expect(refusals).toEqual([
    [64, expect.stringContaining('byMs is smaller than its minimum of 1. (--by)')],
    [64, expect.stringContaining(`'--by <duration>' argument '-1h' is invalid`)],
    [64, expect.stringContaining(`'--by <duration>' argument '2020-01-01' is invalid`)],
    [64, expect.stringContaining('byMs can only be given with handed_off. (--by)')],
  ]);
  expect((await cli.json(['task', 'list'])).data).toMatchObject([{ status: 'running', handed_off_by: null }]);
});
