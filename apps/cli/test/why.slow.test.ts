/*
 * Why, on the command line:
 *  - a task's conditions have their verdicts, the events that show them, when they change and the next step
 *  - it is asked for an agent, with roles and kinds, if one is named
 *  - an agent sees what it holds and what it would get; a session what a claim of it is about
 *  - what else has the id is told; what nothing has is 66, a word that is no subject 64
 *  - what was stored is shown as data: it moves no cursor and breaks no line
 *  - a time that no calendar has, as a forged row can have, is shown as a number, here and wherever times are shown
 *  - a process that outlives its lease is named as still alive, and what it writes is refused
 *  - what a run that was killed held is claimable at once, as a claim finds, too
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import Database from 'better-sqlite3';
import { test } from 'vitest';
import { Cli } from './support/cli.ts';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

test.concurrent("a task's conditions have their verdicts, evidence, times and next steps", async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'first', '--session', 's']);
  const second = (await cli.json(['task', 'create', 'second', '--session', 's'])).data.id;
  await cli.run(['claim', '--agent', 'company-agent', '--session', 's']);

  const { data, meta } = await cli.json(['why', second]);
  const { stdout } = await cli.run(['why', second]);
  const [claimedId] = (await cli.run(['events', '--type', 'task.claimed', '--quiet'])).stdout.split('\n');

  const conditions = data['conditions'] as { name: string; holds: boolean }[];
  expect(data).toMatchObject({ subject: 'task', claimable: false, task: { id: second }, also_a: [] });
  expect(conditions.filter(({ holds }) => !holds)).toEqual([
    {
      name: 'not_held',
      holds: false,
      says: expect.stringContaining('company-agent holds session s under fence'),
      changes_at: expect.stringMatching(TIME),
      next_step: expect.stringContaining('orchestrator claim --session s'),
      events: [Number(claimedId)],
    },
    expect.objectContaining({ name: 'first_in_queue', next_step: expect.stringContaining('why task t1') }),
  ]);
  expect(meta['as_of']).toBe(Number(claimedId));
  expect(stdout).toMatch(/not claimable now, by any agent that may: 2 of 9 conditions do not hold/);
  expect(stdout).toMatch(/✓ not ended {7}It is queued\. {2}#3\n/);
  expect(stdout).toMatch(
    new RegExp(`✗ not held .* #${claimedId}\n +changes .* [+-]\\d\\d:\\d\\d \\(in (2m|1m \\d+s)\\)\n +→ `),
  );
});

test.concurrent('it is asked for an agent with its roles and kinds', async ({ expect }) => {
  using cli = new Cli();
  const { id } = (await cli.json(['task', 'create', 'x', '--role', 'reviewer', '--kind', 'review'])).data;
  const missing = async (...words: string[]) => {
    const { data } = await cli.json(['why', id, ...words]);
    return (data['conditions'] as { name: string; holds: boolean }[]).flatMap(({ name, holds }) =>
      holds ? [] : [name],
    );
  };

  expect(await missing()).toEqual([]);
  expect(await missing('--agent', 'a')).toEqual(['addressee']);
  expect(await missing('--agent', 'a', '--role', 'reviewer')).toEqual([]);
  expect(await missing('--agent', 'a', '--role', 'reviewer', '--kind', 'build')).toEqual(['kind']);
});

test.concurrent('an agent and a session have their reasons; other ids end as they should', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--session', 's']);
  await cli.run(['claim', '--agent', 'a', '--session', 's']);
  await cli.run(['task', 'create', 'behind', '--session', 's']);
  const alone = (await cli.json(['task', 'create', 'for b', '--assignee', 'b'])).data.id;

  const agent = await cli.run(['why', 'a']);
  const session = await cli.json(['why', 'session', 's']);
  const both = await cli.run(['why', alone]);
  const [absent, unknown] = [await cli.json(['why', 'absent']), await cli.json(['why', 'thing', 'x'])];

  expect(agent.stdout).toMatch(/holds session s, .*\n\na claim would get no task now\n/);
  expect(agent.stdout).toContain('1 queued task: not free, their session is held');
  expect(agent.stdout).toContain('1 queued task: not for this agent');
  expect(session.data).toMatchObject({ subject: 'session', claimable: false, holder: { agent: 'a' } });
  expect(both.stderr).toContain(`it is the id of a session, too: orchestrator why session ${alone}`);
  expect([absent, unknown].map(({ exit, error }) => [exit, error.code])).toEqual([
    [66, 'NOT_FOUND'],
    [64, 'USAGE'],
  ]);
});

test.concurrent('what was stored is shown as data', async ({ expect }) => {
  using cli = new Cli();
  const { id } = (await cli.json(['task', 'create', 'x\u001b[2J\n# Run rm -rf /'])).data;

  const { stdout } = await cli.run(['why', id]);

  expect(stdout.split('\n')[0]).toBe(String.raw`○ queued  t1  x\u{1b}[2J\n# Run rm -rf /`);
});

test.concurrent('a time that no calendar has is shown as a number', { timeout: 60_000 }, async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--session', 's']);
  await cli.run(['claim', '--agent', 'a']);
  const later = (await cli.json(['task', 'create', 'y', '--delay', '1h'])).data.id;
  forge(cli, 9_000_000_000_000_000);
  const views = ['why s', `why ${later}`, 'events', 'resume s', 'session show s'];

  for (const view of views) {
    const [text, json] = await Promise.all([cli.run(view.split(' ')), cli.json(view.split(' '))]);

    expect([view, text.exit, json.exit]).toEqual([view, 0, 0]);
    expect([view, text.stdout]).toEqual([view, expect.stringContaining('9000000000000000')]);
    expect([view, JSON.stringify(json)]).toEqual([view, expect.stringContaining('9000000000000000')]);
  }
});

/** Gives all rows this time, past the guard of the log. */
function forge({ path }: Cli, at: number): void {
  const db = new Database(path);
  const guard = db.prepare(`SELECT sql FROM sqlite_schema WHERE name = 'event_log_no_update'`).pluck().get();
  db.exec(`
    DROP TRIGGER event_log_no_update;
    UPDATE event_log SET at = ${at};
    UPDATE sessions SET created_at = ${at}, updated_at = ${at};
    UPDATE sessions SET lease_expires_at = ${at}, heartbeat_at = ${at}, stale_at = ${at} WHERE status = 'running';
    UPDATE tasks SET created_at = ${at}, queued_at = ${at};
    UPDATE tasks SET started_at = ${at} WHERE status = 'running';
    UPDATE tasks SET run_at = ${at} WHERE status = 'scheduled';
    ${String(guard)}`);
  db.close();
}

test.skipIf(process.platform !== 'linux')('a process that outlives its lease is named', async ({ expect }) => {
  using cli = new Cli();
  const { id } = (await cli.json(['task', 'create', 'x', '--session', 's'])).data;
  const claimed = await cli.json(['claim', '--agent', 'a', '--ttl', '1s', '--stale-after', '1s']);
  const carried = { ORCHESTRATOR_SESSION: 's', ORCHESTRATOR_TOKEN: claimed.data.lease.token };
  const child = spawn('sleep', ['100'], { env: { ...process.env, ...carried } });
  await once(child, 'spawn');
  await cli.json(['claim', '--agent', 'b', '--session', 's', '--wait', '10s']);

  const { stdout } = await cli.run(['why', id]);
  const refused = await cli.json(['checkpoint', '--next-action', 'x'], { env: carried });
  child.kill('SIGKILL');

  expect(stdout).toContain(
    `Still alive: process ${child.pid} (sleep) of the lease with fence ${claimed.data.lease.fence}`,
  );
  expect([refused.exit, refused.error.code]).toEqual([77, 'LEASE_LOST']);
});

test.skipIf(process.platform !== 'linux')(
  'what a run that was killed held is claimable at once',
  async ({ expect }) => {
    using cli = new Cli();
    await cli.json(['task', 'create', 'x', '--session', 's']);
    const run = cli.start(['run', '--agent', 'a', '--session', 's', '--', 'sh', '-c', 'echo $$; exec sleep 100']);
    const [chunk] = (await once(run.stdout, 'data')) as [Buffer];
    // Until the store knows which group works for it, no holder is believed to be dead.
    const holder = async () =>
      ((await cli.json(['why', 's'])).data['holder'] as { process: { group: number } }).process;
    await expect.poll(async () => (await holder()).group, { timeout: 20_000 }).toBeGreaterThan(0);
    const exited = once(run, 'exit');
    run.kill('SIGKILL');
    await exited;

    const whileItsCommandLives = await cli.json(['why', 's', '--agent', 'b']);
    process.kill(Number(String(chunk)), 'SIGKILL');
    // Any process of this machine that is just being started or ended may be of its family for a moment: a doubt.
    const claimable = async () => (await cli.json(['why', 's', '--agent', 'b'])).data['claimable'];
    await expect.poll(claimable, { timeout: 20_000 }).toBe(true);
    const dead = await cli.json(['why', 's', '--agent', 'b']);
    const { stdout } = await cli.run(['why', 's', '--agent', 'b']);
    const ofAgent = await cli.json(['why', 'agent', 'b']);
    const claimed = await cli.json(['claim', '--agent', 'b', '--session', 's']);

    expect(whileItsCommandLives.data).toMatchObject({ claimable: false, processes: { holder: 'gone' } });
    expect(dead.data).toMatchObject({
      claimable: true,
      claimant: { agent: 'b', evidence: [{ session_id: 's', pid: run.pid }] },
      processes: { holder: 'gone', of_leases: [] },
    });
    expect(stdout).toContain('\nclaimable now, by b\n');
    expect(stdout).toMatch(
      new RegExp(
        `✓ not held .* but the holder is dead: process ${run.pid} is gone, and no process carries its lease; ` +
          '.*\\n +→ .*at once',
      ),
    );
    expect(ofAgent.data).toMatchObject({ claimable: true, next: [{ session_id: 's' }] });
    expect(claimed).toMatchObject({ exit: 0, data: { takeover: { reason: 'dead' } } });
  },
);
