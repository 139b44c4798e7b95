/*
 * What ends the command of a run:
 *  - a signal to the wrapper is passed on, to all that was started, and charges no attempt
 *  - so it is to a command that another program has stopped
 *  - it is 128 and the signal's number, however the command ends
 *  - so it is if the signal is sent to all processes, and reaches the command first
 *  - a hang-up ends nothing that was started to survive it: by nohup, or by a script that ignores it
 *  - --timeout ends it: 124, the attempt has failed
 *  - a cancellation ends it: 143, the task is cancelled
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { Cli, finished } from './support/cli.ts';
import { addTask, isGone, kill, resultIn, Running, taskOf, until } from './support/running.ts';

describe.skipIf(process.platform === 'win32')('run is ended', () => {
  test.concurrent.for([
    ['SIGINT', 130, 'works'],
    ['SIGTERM', 143, 'is stopped'],
    ['SIGHUP', 129, 'is stopped'],
  ] as const)(
    '%s is passed on to all that was started, and charges no attempt: %i, the command %s',
    async ([signal, exit, state], { expect }) => {
      using cli = new Cli();
      const id = await addTask(cli);
      // The grandchild would live on if only the child were told. It is no shell's background process, because a shell
      // lets those ignore SIGINT.
      const script = `require('node:child_process')
        .spawn('sleep', ['100'], { stdio: 'inherit' })
        .on('spawn', function () { console.log('grandchild ' + this.pid + '\\npid ' + process.pid) })`;
      using running = new Running(cli, ['--', process.execPath, '-e', script]);
      const command = await running.command();
      const grandchild = Number(/grandchild (\d+)/.exec(running.stdout)?.[1]);
      if (state === 'is stopped') for (const pid of [command, grandchild]) kill(pid, 'SIGSTOP');

      running.child.kill(signal);
      const ran = await running.finished;

      expect(ran.exit).toBe(exit);
      expect(await taskOf(cli, id)).toMatchObject({
        status: 'queued',
        attempt: 0,
        note: `Interrupted by ${signal}.`,
      });
      await until(() => isGone(grandchild));
    },
  );

  test.concurrent.for([
    ['the command has ended by the same signal', '(sleep 0.3; kill -TERM $PPID) & kill -TERM $$'],
    ['the command has ended with the code of a shell', '(sleep 0.3; kill -TERM $PPID) & exit 143'],
    ['the command has answered it with a failure', '(sleep 0.15; kill -TERM $PPID) & exit 1'],
    ['the command has answered it well', 'kill -TERM $PPID; exit 0'],
  ] as const)('a signal that the wrapper gets after %s charges no attempt', async ([, script], { expect }) => {
    using cli = new Cli();
    const id = await addTask(cli);

    const { exit } = await cli.run(['run', '--agent', 'a', '--', 'sh', '-c', script]);

    expect(exit).toBe(143);
    expect(await taskOf(cli, id)).toMatchObject({ status: 'queued', attempt: 0, note: 'Interrupted by SIGTERM.' });
  });

  test.concurrent.for([
    ['by nohup', 'nohup "$@" & wait $!'],
    ['by a script that ignores it', 'trap "" HUP; "$@" & wait $!'],
    ['by a script under nohup', 'nohup sh -c \'"$@" & wait $!\' sh "$@"'],
  ] as const)('a hang-up ends nothing that was started to survive it: %s', async ([, script], { expect }) => {
    using cli = new Cli();
    const id = await addTask(cli);
    const waiting = 'trap "exit 0" USR1; echo "wrapper $PPID"; while :; do sleep 0.05; done';
    const child = cli.startBy(script, ['run', '--agent', 'a', '--', 'sh', '-c', waiting]);
    const ended = finished(child);
    const [said] = (await once(child.stdout, 'data')) as [string];
    const wrapper = Number(/^wrapper (\d+)$/m.exec(said)?.[1]);

    // The second signal is passed on to the command, after the first one was handled.
    for (const signal of ['SIGHUP', 'SIGUSR1'] as const) process.kill(wrapper, signal);
    const { exit } = await ended;

    expect(exit).toBe(0);
    expect(await taskOf(cli, id)).toMatchObject({ status: 'succeeded', attempt: 1 });
  });

  test.concurrent('a command that obeys SIGTERM and ends well has not done its task for that', async ({ expect }) => {
    using cli = new Cli();
    const id = await addTask(cli);
    using running = new Running(cli, [
      '--',
      'sh',
      '-c',
      'trap "exit 0" TERM; echo "pid $$"; while :; do sleep 0.05; done',
    ]);
    await running.command();

    running.child.kill('SIGTERM');
    const ran = await running.finished;

    expect(ran.exit).toBe(143);
    expect(await taskOf(cli, id)).toMatchObject({ status: 'queued', attempt: 0 });
  });

  test.concurrent('--timeout ends it: 124, and the attempt has failed', async ({ expect }) => {
    using cli = new Cli();
    const id = await addTask(cli);

    const ran = await cli.run(['run', '--agent', 'a', '--timeout', '200ms', '--', 'sleep', '100']);

    expect(ran.exit).toBe(124);
    expect(await taskOf(cli, id)).toMatchObject({
      status: 'scheduled',
      attempt: 1,
      error: { code: 'timed_out' },
    });
  });

  test.concurrent.for([
    ['exec sleep 100', { code: null, signal: 'SIGTERM' }],
    ['trap "exit 0" TERM; while :; do sleep 0.05; done', { code: 0, signal: null }],
    ['trap "exit 3" TERM; while :; do sleep 0.05; done', { code: 3, signal: null }],
  ] as const)('a cancellation ends %s, and the task is cancelled: 143', async ([script, end], { expect }) => {
    using cli = new Cli();
    const id = await addTask(cli);
    const file = join(cli.folder, 'result.json');
    const words = ['--ttl', '5s', '--result-file', file, '--', 'sh', '-c', `echo "pid $$"; ${script}`];
    using running = new Running(cli, words);
    await running.command();

    await cli.run(['task', 'cancel', id]);
    const ran = await running.finished;

    expect([ran.exit, ran.stderr]).toEqual([143, expect.stringContaining('cancellation was requested')]);
    expect(await taskOf(cli, id)).toMatchObject({ status: 'cancelled' });
    expect(resultIn(file)).toMatchObject({ exit: 143, reason: 'cancelled', outcome: 'cancelled', ...end });
  });
});
