/*
 * All that a command starts, on real processes. What it starts here has left it by every way: a session of its own, a
 * parent that is gone, an empty environment. In a cgroup of its own, and under a keeper alone:
 *  - a timeout ends it
 *  - a lost lease ends it
 *  - a signal that gives the task back ends it, even if it ignores the signal
 *  - a lease in doubt stops it, and it continues with the command
 *  - it keeps a killed run from being dead, is named by why, and once it has ended, the run is dead at once
 *  - without its keeper, a run ends what it can find, and reports no outcome
 *  - when its keeper does not run and cannot be continued, a run gives up, and reports no outcome
 *  - when both are killed, nothing is proved, although the cgroup is empty
 * And:
 *  - where no keeper can be executed, all works, and nothing is proved; why and doctor say so
 *  - as process 1, a run reaps what others leave to it
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, test } from 'vitest';
import { ControlGroup } from '../../../packages/runtime/src/processes/control-group.ts';
import { Cli, finished } from './support/cli.ts';
import { COMMAND, IN_CGROUP, MODES, Offspring, SCRIPTS, UNDER_KEEPER } from './support/offspring.ts';
import { addTask, isGone, kill, stateOf, taskOf, until } from './support/running.ts';

/** Each on a store of its own, and most of them wait most of the time. */
const AT_ONCE = { concurrent: true, timeout: 120_000 };

describe.skipIf(process.platform !== 'linux')('all that a command starts', AT_ONCE, () => {
  test.for(MODES)('%s, a timeout ends it', async (mode, { expect, skip }) => {
    using cli = new Cli();
    const id = await addTask(cli, { sessionId: 's' });
    using run = new Offspring(cli, mode, ['--timeout', '8s', '--', ...COMMAND], { skip });
    await run.atWork('s');

    const { exit } = await run.finished;

    expect([exit, isGone(run.command), isGone(run.kid)]).toEqual([124, true, true]);
    expect(await taskOf(cli, id)).toMatchObject({ status: 'scheduled', attempt: 1 });
    await until(() => isGone(run.keeper));
  });

  test.for(MODES)('%s, a lost lease ends it', async (mode, { expect, skip }) => {
    using cli = new Cli();
    await addTask(cli, { sessionId: 's' });
    using run = new Offspring(cli, mode, ['--ttl', '10s', '--', ...COMMAND], { skip });
    await run.atWork('s');

    kill(run.pid, 'SIGSTOP');
    const { data } = await cli.json(['claim', '--agent', 'b', '--session', 's', '--wait', '60s']);
    kill(run.pid, 'SIGCONT');
    const { exit } = await run.finished;

    expect(data['takeover']).toMatchObject({ reason: 'expired' });
    expect([exit, isGone(run.command), isGone(run.kid)]).toEqual([79, true, true]);
  });

  test.for(MODES)('%s, a signal that gives the task back ends it', async (mode, { expect, skip }) => {
    using cli = new Cli();
    const id = await addTask(cli, { sessionId: 's' });
    const stubborn = COMMAND.map((word) => word.replace('exec sleep 300', 'trap "" TERM; while :; do sleep 1; done'));
    using run = new Offspring(cli, mode, ['--', ...stubborn], { skip });
    await run.atWork('s');

    kill(run.pid, 'SIGTERM');
    const { exit } = await run.finished;

    expect([exit, isGone(run.kid)]).toEqual([143, true]);
    expect(await taskOf(cli, id)).toMatchObject({ status: 'queued', attempt: 0, note: 'Interrupted by SIGTERM.' });
  });

  test.for(MODES)('%s, a lease in doubt stops it', async (mode, { expect, skip }) => {
    using cli = new Cli();
    await addTask(cli, { sessionId: 's' });
    using run = new Offspring(cli, mode, ['--ttl', '10s', '--', ...COMMAND], { skip });
    await run.atWork('s');

    const database = new Database(cli.path);
    database.exec('BEGIN IMMEDIATE');
    await until(() => [run.command, run.kid].every((pid) => stateOf(pid) === 'T'));
    database.close();
    await until(() => [run.command, run.kid].every((pid) => stateOf(pid) === 'S'));
    kill(run.pid, 'SIGTERM');
    const { exit } = await run.finished;

    expect(exit).toBe(143);
    await until(() => isGone(run.kid));
  });

  test.for(MODES)('%s, it keeps a killed run from being dead, until it has ended', async (mode, { expect, skip }) => {
    using cli = new Cli();
    await addTask(cli, { sessionId: 's' });
    using run = new Offspring(cli, mode, ['--', ...COMMAND], { skip });
    await run.atWork('s');

    await run.killedWith(-run.command);
    const early = await cli.json(['claim', '--agent', 'b', '--session', 's']);
    const why = await cli.run(['why', 's']);
    const doctor = await cli.run(['doctor']);
    await run.killed(run.kid);
    await until(async () => (await cli.json(['why', 's'])).data['claimable']);
    const late = await cli.json(['recover']);

    expect(early).toMatchObject({ exit: 75, error: { code: 'BUSY' } });
    expect(why.stdout).toContain(`Still alive, although the process that claimed is gone: process ${run.kid} (sleep)`);
    expect(doctor.stdout).toContain('1 holder on this machine is gone, but something that it started is alive.');
    expect(late.data).toMatchObject([{ session_id: 's', reason: 'dead', outcome: 'requeued' }]);
    const { data: events } = await cli.json(['events', '--session', 's', '--type', 'task.recovered']);
    const observed = expect.stringContaining('its keeper shows that all that it started has ended');
    expect(events).toMatchObject([{ payload: { evidence: { pid: run.pid, observed } } }]);
  });

  test.for(MODES)('%s, a run whose keeper was killed exits with 71', async (mode, { expect, skip }) => {
    using cli = new Cli();
    const id = await addTask(cli, { sessionId: 's' });
    using run = new Offspring(cli, mode, ['--', ...COMMAND], { skip });
    await run.atWork('s');

    await run.killed(run.keeper);
    const ran = await run.finished;

    expect([ran.exit, isGone(run.command)]).toEqual([71, true]);
    // Nothing leads to it any more, unless it is in the cgroup.
    expect(isGone(run.kid)).toBe(mode === IN_CGROUP);
    expect(await taskOf(cli, id)).toMatchObject({ status: 'running' });
    expect(ran.stderr).toContain('may still be alive');
  });

  test('a run whose keeper is frozen gives up, and exits with 71', async ({ expect, skip }) => {
    using cli = new Cli();
    const id = await addTask(cli, { sessionId: 's' });
    using run = new Offspring(cli, UNDER_KEEPER, ['--timeout', '8s', '--', ...COMMAND], { skip });
    await run.atWork('s');
    const freezer = ControlGroup.make(`frozen-${run.keeper}`);
    skip(freezer === null, 'this user may not make a cgroup here');
    if (freezer === null) return;
    writeFileSync(freezer.joinFile, String(run.keeper));
    writeFileSync(join(freezer.path, 'cgroup.freeze'), '1');

    const { exit, stderr } = await run.finished;
    const alive = [run.command, run.kid].filter((pid) => !isGone(pid));
    writeFileSync(join(freezer.path, 'cgroup.freeze'), '0');
    await run.killed(run.keeper);
    freezer.remove();

    expect([exit, alive]).toEqual([71, []]);
    expect(stderr).toContain('may still be alive');
    expect(await taskOf(cli, id)).toMatchObject({ status: 'running' });
  });

  test.for(MODES)('%s, a run that was killed with its keeper', async (mode, { expect, skip }) => {
    using cli = new Cli();
    await addTask(cli, { sessionId: 's' });
    using run = new Offspring(cli, mode, ['--', ...COMMAND], { skip });
    await run.atWork('s');

    await run.killedWith(run.keeper, -run.command);
    const early = await cli.json(['recover']);
    await run.killed(run.kid);
    const late = await cli.json(['recover']);
    const why = await cli.run(['why', 's']);

    expect(early.data).toEqual([]);
    expect(late.data).toEqual([]);
    expect(why.stdout).toContain('It cannot be proved that all that it started has ended');
  });

  test('where no keeper can be executed, all works, and nothing is proved', async ({ expect, skip }) => {
    using cli = new Cli();
    const id = await addTask(cli, { sessionId: 'first', priority: 1 });
    await addTask(cli, { sessionId: 's' });
    using first = new Offspring(cli, 'without a keeper', ['--', 'sh', '-c', 'exit 3'], { skip });
    const { exit } = await first.finished;
    const status = (await taskOf(cli, id))?.status;
    using run = new Offspring(cli, 'without a keeper', ['--session', 's', '--', ...COMMAND], { skip });
    await run.atWork('s');

    await run.killedWith(-run.command);
    await run.killed(run.kid);
    const recovered = await cli.json(['recover']);
    const why = await cli.run(['why', 's']);
    const doctor = await finished(cli.startBy(SCRIPTS['without a keeper'][0], ['doctor']));

    expect([exit, status]).toEqual([3, 'scheduled']);
    expect(recovered.data).toEqual([]);
    expect(why.stdout).toContain('It cannot be proved that all that it started has ended');
    expect(doctor.stdout).toContain('cannot prove that all that its command started has ended');
  });

  test('as process 1, a run reaps what others leave to it, and passes signals on', async ({ expect, skip }) => {
    using cli = new Cli();
    const id = await addTask(cli, { sessionId: 's' });
    // What is started from outside, as by `docker exec`, is left to process 1.
    const script = 'echo "pid $$"; until [ -e go ]; do sleep 0.05; done; ps -e -o ppid=,stat= >seen; exec sleep 300';
    using run = new Offspring(cli, 'as process 1', ['--', 'sh', '-c', script], { skip });
    await until(() => run.stdout.includes('pid '));
    const first = Number(readFileSync(`/proc/${run.pid}/task/${run.pid}/children`, 'utf8'));
    const leave = 'for i in 1 2 3; do (setsid true &); done; sleep 0.5';
    execFileSync('nsenter', ['--target', String(first), '--pid', '--mount', 'sh', '-c', leave]);
    writeFileSync(join(cli.folder, 'go'), '');
    const seen = join(cli.folder, 'seen');
    await until(() => existsSync(seen) && readFileSync(seen, 'utf8').includes('R'));

    kill(first, 'SIGTERM');
    const { exit } = await run.finished;

    expect(readFileSync(seen, 'utf8')).not.toMatch(/^ +1 Z/m);
    expect(exit).toBe(143);
    expect(await taskOf(cli, id)).toMatchObject({ status: 'queued', attempt: 0, note: 'Interrupted by SIGTERM.' });
  });
});
