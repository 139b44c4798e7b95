/*
 * run, when the lease is in doubt or lost, on real processes:
 *  - while the store does not answer past the trust window, all of the command is stopped; then it continues
 *  - so does a command on a terminal
 *  - where the store stays away until the TTL is over, the command is ended: 69
 *  - where the store moves, the command is ended at the next renewal, and continues at the new address: 78
 *  - a wrapper that was stopped past the TTL, its session taken over: the command is ended, 79, with nothing reported
 *  - it was not taken over: the command continues, and its task succeeds
 *  - --on-lost warn leaves the command alone, exec runs another command before it ends the first
 *  - what ignores SIGTERM is killed after ten seconds, with what it has started
 *  - Ctrl-Z stops the command with the wrapper, on a terminal also what does not get the key
 *  - on a terminal the command can read from it, and Ctrl-C that it obeys charges no attempt, even if the wrapper gets
 *    it only after the command has ended
 *  - so does one that comes to a terminal of the command's own, or by which it ends only after a long time
 *  - a key that gives the task back ends what the command has started, too
 *  - the signal of such a key that a program sends to the wrapper alone is passed on; a key comes to the command once
 * The TTLs leave room for a busy machine: after a stop, a fifth of one is left to hear from the store.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { describe, test } from 'vitest';
import { Cli } from './support/cli.ts';
import {
  addTask,
  childrenOf,
  isGone,
  isGroupTold,
  kill,
  ORCHESTRATOR,
  resultIn,
  Running,
  sessionOf,
  stateOf,
  taskOf,
  until,
  WORK,
} from './support/running.ts';
import { CTRL_BACKSLASH, CTRL_C, CTRL_Z, hasTerminal, Terminal } from './support/terminal.ts';

describe.skipIf(process.platform !== 'linux')('run, in doubt', { timeout: 120_000 }, () => {
  test.concurrent('while the store does not answer past the trust window, all of it is stopped', async ({ expect }) => {
    using cli = new Cli();
    const id = await addTask(cli);
    using running = new Running(cli, ['--ttl', '10s', '--', 'sh', '-c', 'echo "pid $$"; sleep 12 & wait $!']);
    const command = await running.command();
    const grandchild = await until(() => childOf(command));

    const unlock = lock(cli);
    await running.says('paused');
    await until(() => stateOf(command) === 'T' && stateOf(grandchild) === 'T');
    unlock();
    await running.says('continues');
    await until(() => stateOf(command) === 'S' && stateOf(grandchild) === 'S');
    const { exit } = await running.finished;

    expect(exit).toBe(0);
    expect(await taskOf(cli, id)).toMatchObject({ status: 'succeeded', interruptions: 0 });
  });

  test
    .skipIf(!hasTerminal)
    .concurrent(
      'so does a command that shares the group of a terminal, with what it has started',
      async ({ expect }) => {
        using cli = new Cli();
        const id = await addTask(cli);
        const line = `${ORCHESTRATOR} run --agent a --ttl 10s -- sh -c 'echo "pid $$"; sleep 12 & wait $!'`;
        using terminal = new Terminal(cli, line);
        const command = Number(await until(() => /^pid (\d+)/m.exec(terminal.said)?.[1]));
        const grandchild = await until(() => childOf(command));

        const unlock = lock(cli);
        await terminal.says('paused');
        await until(() => stateOf(command) === 'T' && stateOf(grandchild) === 'T');
        unlock();
        await terminal.says('continues');
        await until(() => stateOf(command) === 'S' && stateOf(grandchild) === 'S');
        await terminal.closed;

        expect(await taskOf(cli, id)).toMatchObject({ status: 'succeeded' });
      },
    );

  test.concurrent('where the store stays away until the TTL is over, the command is ended: 69', async ({ expect }) => {
    using cli = new Cli();
    const id = await addTask(cli);
    const file = join(cli.folder, 'result.json');
    using running = new Running(cli, ['--ttl', '2s', '--result-file', file, '--', ...WORK]);
    const command = await running.command();
    const grandchild = await until(() => childOf(command));

    const unlock = lock(cli);
    const { exit, stderr } = await running.finished;
    unlock();

    expect([exit, stderr]).toEqual([
      69,
      expect.stringContaining('the lease expired because the store could not be reached'),
    ]);
    expect([isGone(command), isGone(grandchild)]).toEqual([true, true]);
    expect(resultIn(file)).toMatchObject({ reason: 'store_unreachable', signal: 'SIGTERM', outcome: null });
    expect(await taskOf(cli, id)).toMatchObject({ status: 'running' });
  });

  test.concurrent('where the store moves, the command is ended, and continues at the new address: 78', async ({
    expect,
  }) => {
    using cli = new Cli();
    const id = await addTask(cli, { sessionId: 's' });
    using running = new Running(cli, ['--ttl', '8s', '--', ...WORK]);
    const command = await running.command();
    const address = `sqlite:${join(cli.folder, 'new.db')}`;

    const move = await cli.run(['store', 'move', '--to', address]);
    const { exit, stderr } = await running.finished;
    const words = ['run', '--agent', 'a', '--store', address, '--session', 's', '--resume', '--', 'true'];
    const again = await cli.run(words);

    expect(move.stderr).toContain('start them again with the new address and --resume');
    expect([exit, stderr]).toEqual([78, expect.stringMatching(/moved to sqlite:.*new\.db[^]*\[STORE_MOVED\]/)]);
    expect(stderr).not.toContain('paused');
    expect(isGone(command)).toBe(true);
    expect(again.exit).toBe(0);
    expect(await cli.json(['task', 'show', id, '--store', address])).toMatchObject({ data: { status: 'succeeded' } });
  });

  test.concurrent('a wrapper that was stopped past the TTL, its session taken over, ends the command: 79', async ({
    expect,
  }) => {
    using cli = new Cli();
    const id = await addTask(cli, { sessionId: 's' });
    const file = join(cli.folder, 'result.json');
    using running = new Running(cli, ['--ttl', '10s', '--result-file', file, '--', ...WORK]);
    const command = await running.command();
    const grandchild = await until(() => childOf(command));
    await until(() => isGroupTold(cli, 's'));

    running.child.kill('SIGSTOP');
    const { data } = await cli.json(['claim', '--agent', 'b', '--session', 's', '--wait', '60s']);
    running.child.kill('SIGCONT');
    const { exit, stderr } = await running.finished;

    expect([exit, stderr]).toEqual([79, expect.stringContaining('lease.taken_over), b has it now')]);
    expect([isGone(command), isGone(grandchild)]).toEqual([true, true]);
    expect(resultIn(file)).toMatchObject({
      reason: 'lease_lost',
      lost: { ended_by: 'lease.taken_over' },
      outcome: null,
    });
    expect(data['takeover']).toMatchObject({ from: { agent: 'a' }, reason: 'expired' });
    expect(await sessionOf(cli, 's')).toMatchObject({ agent: 'b', taskId: id });
  });

  test.concurrent('a wrapper that was stopped past the TTL, its session not taken over, continues', async ({
    expect,
  }) => {
    using cli = new Cli();
    const id = await addTask(cli);
    using running = new Running(cli, ['--ttl', '10s', '--', 'sh', '-c', 'echo "pid $$"; sleep 14']);
    await running.command();
    await until(() => isGroupTold(cli, id));

    running.child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 11_000));
    running.child.kill('SIGCONT');
    const { exit } = await running.finished;

    expect(exit).toBe(0);
    expect(await taskOf(cli, id)).toMatchObject({ status: 'succeeded', interruptions: 0 });
  });

  test.concurrent.for([
    [['--on-lost', 'warn'], { code: 0, signal: null }, 'it continues'],
    [['--on-lost', 'exec', 'sh', 'hook.sh'], { code: null, signal: 'SIGTERM' }, 'hook T'],
  ] as const)('%j decides what becomes of the command', async ([words, end, said], { expect }) => {
    using cli = new Cli();
    await addTask(cli, { sessionId: 's' });
    const file = join(cli.folder, 'result.json');
    writeHook(cli);
    const command = ['sh', '-c', 'echo "pid $$"; sleep 25'];
    using running = new Running(cli, ['--ttl', '10s', '--result-file', file, ...words, '--', ...command]);
    await running.command();
    await until(() => isGroupTold(cli, 's'));

    running.child.kill('SIGSTOP');
    await cli.run(['claim', '--agent', 'b', '--session', 's', '--wait', '60s']);
    running.child.kill('SIGCONT');
    const { exit, stdout, stderr } = await running.finished;

    expect([exit, stdout + stderr]).toEqual([79, expect.stringContaining(said)]);
    expect(resultIn(file)).toMatchObject({ reason: 'lease_lost', ...end });
    expect(await sessionOf(cli, 's')).toMatchObject({ agent: 'b' });
  });

  test.concurrent('what ignores SIGTERM is killed after ten seconds, with what it has started', async ({ expect }) => {
    using cli = new Cli();
    await addTask(cli);
    const script = 'trap "" TERM; echo "pid $$"; while :; do sleep 100; done';
    using running = new Running(cli, ['--timeout', '500ms', '--', 'sh', '-c', script]);
    const command = await running.command();
    const grandchild = await until(() => childOf(command));

    const { exit } = await running.finished;

    expect([exit, isGone(command), isGone(grandchild)]).toEqual([124, true, true]);
  });

  test.concurrent('Ctrl-Z stops the command with the wrapper, and both continue', async ({ expect }) => {
    using cli = new Cli();
    await addTask(cli);
    // It starts nothing: while a shell starts a program, it waits for that one, in a state of its own.
    using running = new Running(cli, ['--', 'sh', '-c', 'echo "pid $$"; read end']);
    const command = await running.command();

    running.child.kill('SIGTSTP');
    await until(() => stateOf(running.pid) === 'T' && stateOf(command) === 'T');
    running.child.kill('SIGCONT');
    running.child.stdin.end('now\n');
    const { exit } = await running.finished;

    expect(exit).toBe(0);
  });

  test
    .skipIf(!hasTerminal)
    .concurrent('Ctrl-Z on a terminal also stops what does not get the key', async ({ expect }) => {
      using cli = new Cli();
      const id = await addTask(cli);
      writeFileSync(join(cli.folder, 'work'), 'echo "pid $$"; while [ ! -e end ]; do sleep 0.1; done');
      using terminal = new Terminal(cli, 'bash --norc -i');

      terminal.type(`${ORCHESTRATOR} run --agent a -- setsid -w sh ./work; echo "exit $?"; exit\n`);
      const command = Number(await until(() => /^pid (\d+)/m.exec(terminal.said)?.[1]));
      terminal.type(CTRL_Z);
      await terminal.says('Stopped');
      const stopped = stateOf(command);
      terminal.type('fg\n');
      await until(() => stateOf(command) !== 'T');
      writeFileSync(join(cli.folder, 'end'), '');

      await until(async () => (await taskOf(cli, id))?.status === 'succeeded');
      expect(stopped).toBe('T');
    });

  test.skipIf(!hasTerminal).concurrent('on a terminal the command can read from it', async ({ expect }) => {
    using cli = new Cli();
    const id = await addTask(cli);

    const line = `${ORCHESTRATOR} run --agent a -- sh -c 'read line </dev/tty; read more; echo "<$line $more>"'`;
    using terminal = new Terminal(cli, line);
    terminal.type('one\n');
    terminal.type('two\n');
    await terminal.closed;

    expect(terminal.said).toContain('<one two>');
    expect(await taskOf(cli, id)).toMatchObject({ status: 'succeeded' });
  });

  test.skipIf(!hasTerminal).concurrent.for([['sh'], ['setsid', '-w', 'sh']])(
    'Ctrl-C on a terminal goes to the command by %s, and charges no attempt if it obeys it',
    async (words, { expect }) => {
      using cli = new Cli();
      const id = await addTask(cli);

      const work = `-- ${words.join(' ')} -c 'echo "pid $$"; sleep 100'`;
      using terminal = new Terminal(cli, `${ORCHESTRATOR} run --agent a --result-file result.json ${work}`);
      // What another program has stopped is woken for it.
      kill(Number(await until(() => /^pid (\d+)/m.exec(terminal.said)?.[1])), 'SIGSTOP');
      terminal.type(CTRL_C);
      await terminal.closed;

      expect(resultIn(join(cli.folder, 'result.json'))).toMatchObject({ exit: 130, signal: 'SIGINT' });
      expect(await taskOf(cli, id)).toMatchObject({ status: 'queued', attempt: 0, note: 'Interrupted by SIGINT.' });
    },
  );

  test.skipIf(!hasTerminal).concurrent.for([
    ['that comes to a terminal of its own', `script -qec 'echo ready; sleep 100' /dev/null`],
    ['by which it ends after a long time', 'sh ./slow'],
  ])('a Ctrl-C charges no attempt of a command %s', async ([, command], { expect }) => {
    using cli = new Cli();
    const id = await addTask(cli);
    const slow = 'trap "sleep 10.5; trap - INT; kill -INT $$" INT; echo ready; while :; do sleep 0.1; done';
    writeFileSync(join(cli.folder, 'slow'), slow);

    using terminal = new Terminal(cli, `exec ${ORCHESTRATOR} run --agent a -- ${command}`);
    await terminal.says('ready');
    terminal.type(CTRL_C);
    await terminal.closed;

    expect(await taskOf(cli, id)).toMatchObject({ status: 'queued', attempt: 0, note: 'Interrupted by SIGINT.' });
  });

  describe.skipIf(!hasTerminal)('a key of the terminal that gives the task back', () => {
    // A shell without job control lets its background ignore both keys.
    const background = 'sleep 300 & echo "kid $!"';
    const stubborn = `sh -c 'trap "" INT QUIT TERM; while :; do sleep 1; done' & echo "kid $!"`;
    const elsewhere = `setsid env -i sh -c 'echo "kid $$"; exec sleep 300' &`;
    test.concurrent.for([
      ['Ctrl-C', background, CTRL_C, 'SIGINT'],
      ['Ctrl-C', stubborn, CTRL_C, 'SIGINT'],
      ['Ctrl-C', elsewhere, CTRL_C, 'SIGINT'],
      ['Ctrl-\\', background, CTRL_BACKSLASH, 'SIGQUIT'],
    ] as const)('%s ends what the command has started: %s', async ([, start, key, signal], { expect }) => {
      using cli = new Cli();
      const id = await addTask(cli);
      writeFileSync(join(cli.folder, 'work'), `${start}\nsleep 1; echo ready\nexec sleep 100\n`);

      // Ctrl-\\ would end a shell between the two.
      using terminal = new Terminal(cli, `exec ${ORCHESTRATOR} run --agent a --ttl 5s -- sh ./work`);
      await terminal.says('ready');
      const kid = Number(/^kid (\d+)/m.exec(terminal.said)?.[1]);
      terminal.type(key);
      await terminal.closed;
      const isLeft = !isGone(kid);
      kill(kid, 'SIGKILL');

      expect([kid > 0, isLeft]).toEqual([true, false]);
      expect(await taskOf(cli, id)).toMatchObject({ status: 'queued', attempt: 0, interruptions: 0 });
      expect((await taskOf(cli, id))?.note).toBe(`Interrupted by ${signal}.`);
    });
  });

  test.skipIf(!hasTerminal).for(['SIGINT', 'SIGQUIT'] as const)(
    'on a terminal, %s to the wrapper alone is passed on',
    async (signal, { expect }) => {
      using cli = new Cli();
      const id = await addTask(cli);
      writeFileSync(join(cli.folder, 'work'), 'echo "wrapper $(ps -o ppid= $PPID)"; echo ready; exec sleep 100');

      using terminal = new Terminal(cli, `exec ${ORCHESTRATOR} run --agent a -- sh ./work`);
      await terminal.says('ready');
      kill(Number(/^wrapper +(\d+)/m.exec(terminal.said)?.[1]), signal);
      await terminal.closed;

      expect(await taskOf(cli, id)).toMatchObject({ status: 'queued', attempt: 0, note: `Interrupted by ${signal}.` });
    },
  );

  test.skipIf(!hasTerminal)('each Ctrl-C comes once to a command that continues', async ({ expect }) => {
    using cli = new Cli();
    const id = await addTask(cli);
    const script = 'trap "echo got" INT; echo ready; while [ ! -e end ]; do sleep 0.1; done; exit 0';
    writeFileSync(join(cli.folder, 'work'), script);

    using terminal = new Terminal(cli, `exec ${ORCHESTRATOR} run --agent a -- sh ./work`);
    await terminal.says('ready');
    for (const times of [1, 2]) {
      terminal.type(CTRL_C);
      // What is passed on would come after a second.
      await pause(2_000);
      expect(terminal.said.match(/got/g)).toHaveLength(times);
    }
    writeFileSync(join(cli.folder, 'end'), '');
    await terminal.closed;

    expect(await taskOf(cli, id)).toMatchObject({ status: 'succeeded' });
  });

  test
    .skipIf(!hasTerminal)
    .concurrent('a Ctrl-C that the wrapper gets after the command has ended charges no attempt', async ({ expect }) => {
      using cli = new Cli();
      const id = await addTask(cli);
      const script = '(sleep 0.2; kill -INT $PPID) & kill -INT $$';

      using terminal = new Terminal(cli, `${ORCHESTRATOR} run --agent a -- sh -c '${script}'`);
      await terminal.closed;

      expect(await taskOf(cli, id)).toMatchObject({ status: 'queued', attempt: 0, note: 'Interrupted by SIGINT.' });
    });
});

/** Keeps all others from writing. @returns lets them again */
function lock(cli: Cli): () => void {
  const database = new Database(cli.path);
  database.exec('BEGIN IMMEDIATE');
  return () => database.close();
}

function writeHook(cli: Cli): void {
  // What the command's state is while the hook runs.
  const script = String.raw`read -r _ _ state _ < /proc/$ORCHESTRATOR_PID/stat; echo "hook $state"`;
  execFileSync('sh', ['-c', 'cat > hook.sh'], { cwd: cli.folder, input: script });
}

/** The only child that a process has. */
function childOf(pid: number): number | undefined {
  return childrenOf(pid)[0];
}
