/**
 * Waiting for tasks on the command line:
 * - release --outcome waiting --on queues the task again when those have ended, and the claim names their results
 * - until then status, why, the card, the graph, since and task show tell what it waits for, and that it asks nothing
 * - a failed one that it waits for in vain is shown as what needs the operator
 * - a cycle and a missing task are refused, and the flag is named
 * - a repeated release with other terms says that the first one stands
 */
import { test } from 'vitest';
import { Cli, holderOf } from './support/cli.ts';

/** Given: a task that waits for another one, which was added for it. */
async function waits(cli: Cli, ...words: readonly string[]) {
  await cli.run(['task', 'create', 'Collect']);
  const { data } = await cli.json(['claim', '--agent', 'a']);
  const holder = holderOf(data.lease);
  await cli.run(['task', 'create', 'Count', '--parent', 't1']);
  const released = await cli.run(['release', ...holder, '--outcome', 'waiting', '--on', 't2', ...words]);
  return { holder, released };
}

test.concurrent(
  'a task waits for another one, and continues with its result',
  { timeout: 60_000 },
  async ({ expect }) => {
    using cli = new Cli();
    const { released } = await waits(cli);
    const asked = [
      ['why', 'task', 't1'],
      ['resume', '--agent', 'a'],
      ['task', 'graph', 't1'],
      ['task', 'show', 't1'],
    ];
    const [why, card, graph, shown] = await Promise.all(asked.map(async (words) => (await cli.run(words)).stdout));
    const since = await cli.json(['since', '1h']);

    const { data } = await cli.json(['claim', '--agent', 'b']);
    await cli.run(['release', ...holderOf(data.lease), '--outcome', 'succeeded', '--result', '{"count":7}']);
    const again = await cli.json(['claim', '--agent', 'a']);
    const events = await cli.run(['events', '--task', 't1']);
    const verified = await cli.run(['verify']);

    expect(released.stdout).toMatch(/^\? waiting {2}session s1 is free\n/);
    expect(released.stderr).toContain('when those it waits for have ended');
    expect(why).toMatch(/It waits for 1 task: t2 \(queued\)\./);
    expect(card).toMatch(/waits for 1 task: `orchestrator task graph t1`/);
    expect(graph).toMatch(/\? waiting {2}t1 {2}Collect {2}waits for 1\n/);
    expect(shown).toContain('1 task; if one does not succeed: block');
    expect(since.data['waiting']).toMatchObject({ questions: { count: 0 } });
    expect(again.data).toMatchObject({
      task: { number: 1, attempt: 1, open_dependencies: 0 },
      dependencies: { items: [{ number: 2, status: 'succeeded', result: { count: 7 } }] },
    });
    expect(events.stdout).toMatch(/task\.waiting .*depends_on=\[/);
    // Each field once.
    expect(events.stdout.match(/task\.dependency_ended .*/)?.[0].match(/ dependency=/g)).toHaveLength(1);
    expect(verified.exit).toBe(0);
  },
);

test.concurrent('waiting in vain is shown, and a mistake is refused', { timeout: 60_000 }, async ({ expect }) => {
  using cli = new Cli();
  const { holder } = await waits(cli);
  const repeated = await cli.run(['release', ...holder, '--outcome', 'waiting', '--ask', 'Which?']);
  const { data } = await cli.json(['claim', '--agent', 'b']);
  const words = ['release', ...holderOf(data.lease), '--outcome'];
  const cycle = await cli.json([...words, 'waiting', '--on', 't1']);
  const missing = await cli.json([...words, 'waiting', '--on', 't1', '--on', 't9']);
  await cli.run([...words, 'failed', '--final', '--error', 'no']);
  const status = await cli.run(['status']);

  expect(repeated.stdout).toContain(
    'this lease was released before, with other terms: those of the first release stand',
  );
  expect(cycle).toMatchObject({ exit: 65, error: { code: 'DEPENDENCY_CYCLE', field: 'on' } });
  expect(missing).toMatchObject({ exit: 66, error: { code: 'DEPENDENCY_NOT_FOUND', field: 'on[1]' } });
  expect(status.stdout).toMatch(/\? waiting {2}t1 {2}Collect {2}waits for t2 \(failed\)/);
});
