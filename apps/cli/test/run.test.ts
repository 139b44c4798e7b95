/*
 * run -- CMD:
 *  - the streams are the command's own; no shell reads its words; it has a process group of its own
 *  - it finds the lease in its environment, payload and context in private files that are gone afterwards
 *  - what a killed run left of them is gone after the next one, but not before its command is
 *  - a run within a run sees the inner lease, has an instance of its own, and resumes nothing of the outer one
 *  - heartbeat, checkpoint and release work from within; a release of its own stands
 *  - its exit code is passed on and decides: 0 has succeeded, any other has failed; a signal is 128 and its number
 *  - what never started is 125 to 127 and charges no attempt
 *  - nothing to claim is 75, or what --conflict-exit-code says; --wait waits
 *  - a signal to the wrapper is passed on, to all that was started, and charges no attempt: 128 and its number, however the command ends
 *  - --timeout ends it: 124, the attempt has failed; a cancellation ends it: 143, the task is cancelled
 *  - --result-file says what came of it, to its owner alone, and is looked at before anything is claimed
 *  - what is no regular file is never replaced by it, nor followed
 *  - --quiet-unless-failed shows what was written only if it failed
 *  - what it cannot do is refused with 64
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { Cli, holderOf } from './support/cli.ts';
import { addTask, isGone, kill, ORCHESTRATOR, Running, sessionOf, taskOf, until } from './support/running.ts';

describe.skipIf(process.platform === 'win32')('run', () => {
  test.concurrent('the streams are the command’s own, and no shell reads its words', async ({ expect }) => {
    using cli = new Cli();
    await addTask(cli);
    const script = 'cat; printf "%s|" "$@"; echo err >&2';
    const bytes = Buffer.from([0, 255, 10, 13, 27]);

    const { exit, stdout, stderr } = await cli.run(
      ['run', '--agent', 'a', '--', 'sh', '-c', script, 'sh', '$HOME', '--json', 'a b'],
      { input: bytes },
    );

    expect([exit, stderr]).toEqual([0, 'err\n']);
    expect(stdout).toBe(`${bytes.toString('utf8')}$HOME|--json|a b|`);
  });

  test.concurrent('it finds the lease in its environment, payload and context in private files that are gone afterwards', async ({
    expect,
  }) => {
    using cli = new Cli();
    const added = await cli.json(['task', 'create', 'x', '--session', 's', '--payload', '{"camelCase":[1]}']);
    const first = await cli.json(['claim', '--agent', 'a']);
    const holder = holderOf(first.data.lease);
    await cli.run(['checkpoint', ...holder, '--next-action', 'go on']);
    await cli.run(['release', ...holder, '--outcome', 'released']);
    const show = `
    const { readFileSync, statSync } = require('node:fs');
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('ORCHESTRATOR_')));
    const modes = [own.ORCHESTRATOR_PAYLOAD_FILE, own.ORCHESTRATOR_CONTEXT_FILE, require('node:path').dirname(own.ORCHESTRATOR_PAYLOAD_FILE)].map((path) => statSync(path).mode & 0o777);
    const [payload, context] = [own.ORCHESTRATOR_PAYLOAD_FILE, own.ORCHESTRATOR_CONTEXT_FILE].map((path) => JSON.parse(readFileSync(path)));
    console.log(JSON.stringify({ own, modes, payload, context }));`;

    const { stdout } = await cli.run(
      ['run', '--agent', 'a', '--namespace', 'default', '--', process.execPath, '-e', show],
      {
        env: { ORCHESTRATOR_STORE: 'sqlite:store.db' },
      },
    );

    const { own, modes, payload, context } = JSON.parse(stdout) as {
      own: Record<string, string>;
      modes: number[];
      payload: unknown;
      context: unknown;
    };
    expect(own).toEqual({
      ORCHESTRATOR_SESSION: 's',
      ORCHESTRATOR_TASK: added.data.id,
      ORCHESTRATOR_TOKEN: expect.stringMatching(/^\d{16}-[0-9a-f]{32}$/),
      ORCHESTRATOR_FENCE: own['ORCHESTRATOR_TOKEN']?.split('-')[0],
      ORCHESTRATOR_AGENT: 'a',
      ORCHESTRATOR_INSTANCE: expect.stringMatching(/^[0-9a-f-]{36}$/),
      ORCHESTRATOR_NAMESPACE: 'default',
      ORCHESTRATOR_STORE: cli.store,
      ORCHESTRATOR_PAYLOAD_FILE: expect.any(String),
      ORCHESTRATOR_CONTEXT_FILE: expect.any(String),
    });
    expect(modes).toEqual([0o600, 0o600, 0o700]);
    expect(payload).toEqual({ camelCase: [1] });
    expect(context).toMatchObject({ turn: 1, next_action: 'go on' });
    expect(() => statSync(own['ORCHESTRATOR_PAYLOAD_FILE'] ?? '')).toThrow('ENOENT');
  });

  test
    .skipIf(process.platform !== 'linux')
    .concurrent(
      'private files of a killed run are gone after the next one, but not before its command is',
      async ({ expect }) => {
        using cli = new Cli();
        await addTask(cli, { sessionId: 's', priority: 1 });
        await addTask(cli, { sessionId: 'next' });
        await addTask(cli, { sessionId: 'after' });
        const folders = () => readdirSync(cli.folder).filter((name) => name.startsWith('orchestrator-run-'));
        const next = async () => cli.run(['run', '--agent', 'b', '--', 'true'], { env: { TMPDIR: cli.folder } });
        // What carries no lease works with them all the same.
        using running = new Running(cli, ['--', 'sh', '-c', 'echo "pid $$"; exec env -i /bin/sleep 600']);
        const command = await running.command();
        // What belongs to no run is left alone.
        mkdirSync(join(cli.folder, 'orchestrator-run-of-others'));
        await until(() => folders().some((name) => existsSync(join(cli.folder, name, 'group.json'))));

        running.child.kill('SIGKILL');
        await once(running.child, 'exit');
        await next();
        const whileAtWork = folders().length;
        kill(-command, 'SIGKILL');
        await until(() => isGone(command));
        await next();

        expect(whileAtWork).toBe(2);
        expect(folders()).toEqual(['orchestrator-run-of-others']);
      },
    );

  test.concurrent('a run within a run sees the inner lease, and has an instance of its own', async ({ expect }) => {
    using cli = new Cli();
    await addTask(cli, { sessionId: 'outer', priority: 1 });
    await addTask(cli, { sessionId: 'inner' });
    const say = 'echo $ORCHESTRATOR_SESSION $ORCHESTRATOR_FENCE $ORCHESTRATOR_INSTANCE';
    const script = `${say}; ${ORCHESTRATOR} run -- sh -c '${say}'`;

    const { exit, stdout } = await cli.run(['run', '--agent', 'a', '--', 'sh', '-c', script]);

    const [[outer, outerFence, outerInstance] = [], [inner, innerFence, innerInstance] = []] = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    expect([exit, outer, inner]).toEqual([0, 'outer', 'inner']);
    expect(Number(innerFence)).toBeGreaterThan(Number(outerFence));
    expect(innerInstance).toMatch(/^[0-9a-f-]{36}$/);
    expect(innerInstance).not.toBe(outerInstance);
  });

  test.concurrent('an instance that was named is kept; with --resume, a run within a run takes nothing from the outer one', async ({
    expect,
  }) => {
    using cli = new Cli();
    await addTask(cli, { sessionId: 'outer', priority: 1 });
    await addTask(cli, { sessionId: 'inner' });
    const say = 'echo $ORCHESTRATOR_SESSION $ORCHESTRATOR_INSTANCE';
    const script = `${say}; ${ORCHESTRATOR} run --resume -- sh -c '${say}'`;

    const { exit, stdout } = await cli.run(['run', '--agent', 'a', '--instance', 'one', '--', 'sh', '-c', script]);

    expect([exit, stdout]).toEqual([0, 'outer one\ninner one\n']);
  });

  test.concurrent('heartbeat, checkpoint and release work from within; a release of its own stands', async ({
    expect,
  }) => {
    using cli = new Cli();
    const id = await addTask(cli, { sessionId: 's' });
    const file = join(cli.folder, 'result.json');
    const script = [
      `${ORCHESTRATOR} heartbeat --progress '{"done":1}'`,
      `${ORCHESTRATOR} checkpoint --next-action more`,
      `${ORCHESTRATOR} release --outcome failed --final --error 'cannot be done'`,
      'exit 3',
    ].join(' && ');

    const { exit, stderr } = await cli.run(['run', '--agent', 'a', '--result-file', file, '--', 'sh', '-c', script]);

    const task = await taskOf(cli, id);
    const session = await sessionOf(cli, 's');
    expect([exit, stderr]).toEqual([3, expect.not.stringContaining('lost')]);
    expect(task).toMatchObject({ status: 'failed', error: { message: 'cannot be done' }, attempt: 1 });
    expect(session).toMatchObject({ context: { turn: 1, nextAction: 'more' } });
    expect(resultIn(file)).toMatchObject({ reason: 'released_by_command', code: 3, outcome: null });
  });

  test.concurrent.for([
    ['exit 0', 0, { status: 'succeeded', attempt: 1, error: null }],
    ['exit 3', 3, { status: 'scheduled', attempt: 1, error: { code: 'exit_code', data: { code: 3 } } }],
    ['exit 79', 79, { status: 'scheduled', attempt: 1, error: { code: 'exit_code' } }],
    ['kill -KILL $$', 137, { status: 'scheduled', attempt: 1, error: { code: 'signal', data: { signal: 'SIGKILL' } } }],
  ] as const)('%s is %i, and the task comes out so', async ([script, exit, came], { expect }) => {
    using cli = new Cli();
    const id = await addTask(cli);

    const ran = await cli.run(['run', '--agent', 'a', '--', 'sh', '-c', script]);

    expect(ran.exit).toBe(exit);
    expect(await taskOf(cli, id)).toMatchObject(came);
  });

  test.concurrent.for([
    ['nonesuch', 127],
    ['./folder', 126],
    ['./not-executable', 126],
  ] as const)('%s never starts: %i, and no attempt is charged', async ([command, exit], { expect }) => {
    using cli = new Cli();
    mkdirSync(join(cli.folder, 'folder'));
    writeFileSync(join(cli.folder, 'not-executable'), '');
    const id = await addTask(cli);

    const ran = await cli.run(['run', '--agent', 'a', '--', command]);

    expect([ran.exit, ran.stderr]).toEqual([exit, expect.stringContaining(command)]);
    expect(await taskOf(cli, id)).toMatchObject({ status: 'queued', attempt: 0 });
  });

  test.concurrent('what cannot be prepared is 125, and no attempt is charged', async ({ expect }) => {
    using cli = new Cli();
    const id = await addTask(cli);

    const ran = await cli.run(['run', '--agent', 'a', '--', 'true'], { env: { TMPDIR: join(cli.folder, 'absent') } });

    expect([ran.exit, ran.stderr]).toEqual([125, expect.stringContaining('ENOENT')]);
    expect(await taskOf(cli, id)).toMatchObject({ status: 'queued', attempt: 0 });
  });

  test.concurrent('nothing to claim is 75, or what --conflict-exit-code says; --wait waits', async ({ expect }) => {
    using cli = new Cli();
    await cli.run(['store', 'init']);
    const file = join(cli.folder, 'result.json');
    const nothing = await cli.run(['run', '--agent', 'a', '--result-file', file, '--', 'true']);
    const agreed = await cli.run(['run', '--agent', 'a', '--conflict-exit-code', '0', '--', 'true']);
    using waiting = new Running(cli, ['--wait', '15s', '--', 'echo', 'ran']);

    await addTask(cli);
    const waited = await waiting.finished;

    expect([nothing.exit, nothing.stderr, agreed.exit]).toEqual([75, expect.stringContaining('NO_TASK'), 0]);
    expect(resultIn(file)).toMatchObject({ exit: 75, reason: 'not_claimed', lease: null });
    expect([waited.exit, waited.stdout]).toEqual([0, 'ran\n']);
  });

  test.concurrent.for([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    '%s is passed on to all that was started, and charges no attempt: %i',
    async ([signal, exit], { expect }) => {
      using cli = new Cli();
      const id = await addTask(cli);
      // The grandchild would live on if only the child were told. A shell lets its background processes ignore SIGINT, node does not.
      const script = `require('node:child_process').spawn('sleep', ['100'], { stdio: 'inherit' }).on('spawn', function () { console.log('grandchild ' + this.pid + '\\npid ' + process.pid) })`;
      using running = new Running(cli, ['--', process.execPath, '-e', script]);
      await running.command();
      const grandchild = Number(/grandchild (\d+)/.exec(running.stdout)?.[1]);

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

  test.concurrent('a command that heeds SIGTERM and ends well has not done its task for that', async ({ expect }) => {
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

    expect([ran.exit, ran.stderr]).toEqual([143, expect.stringContaining('cancellation was asked')]);
    expect(await taskOf(cli, id)).toMatchObject({ status: 'cancelled' });
    expect(resultIn(file)).toMatchObject({ exit: 143, reason: 'cancelled', outcome: 'cancelled', ...end });
  });

  test.concurrent('--result-file says what came of it', async ({ expect }) => {
    using cli = new Cli();
    const id = await addTask(cli);
    const file = join(cli.folder, 'result.json');
    writeFileSync(file, 'what was there');

    await cli.run(['run', '--agent', 'a', '--result-file', 'result.json', '--', 'sh', '-c', 'exit 4']);

    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      schema_version: 1,
      kind: 'run',
      data: {
        exit: 4,
        reason: 'ended',
        code: 4,
        signal: null,
        interrupted_by: null,
        outcome: 'failed',
        status: 'scheduled',
        run_at: time,
        message: null,
        lost: null,
        started_at: time,
        ended_at: time,
        task_id: id,
        lease: {
          agent: 'a',
          instance: expect.any(String),
          fence: expect.any(Number),
          session_id: id,
          expires_at: time,
          ttl_ms: 120_000,
          stale_after_ms: 60_000,
        },
      },
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test.concurrent.for(['absent/result.json', '.', 'pipe', 'link', 'dangling'])(
    'a result file %s is refused before anything is claimed, and left as it is',
    async (file, { expect }) => {
      using cli = new Cli();
      const id = await addTask(cli);
      placeOddFiles(cli);
      const before = kindsIn(cli);

      const ran = await cli.run(['run', '--agent', 'a', '--result-file', file, '--', 'true']);

      expect([ran.exit, ran.stderr]).toEqual([73, expect.stringContaining('result file')]);
      expect(await taskOf(cli, id)).toMatchObject({ status: 'queued', startedAt: null });
      expect(kindsIn(cli)).toEqual(before);
    },
  );

  test.concurrent('what became no regular file while the command ran is left as it is, too', async ({ expect }) => {
    using cli = new Cli();
    await addTask(cli);

    const command = ['sh', '-c', 'mkfifo result.json'];
    const ran = await cli.run(['run', '--agent', 'a', '--result-file', 'result.json', '--', ...command]);

    expect([ran.exit, ran.stderr]).toEqual([74, expect.stringContaining('no regular file')]);
    expect(lstatSync(join(cli.folder, 'result.json')).isFIFO()).toBe(true);
  });

  test.concurrent('a result file is written through no name that could be guessed and planted', async ({ expect }) => {
    using cli = new Cli();
    await addTask(cli);
    writeFileSync(join(cli.folder, 'precious'), 'precious');

    const command = ['sh', '-c', 'ln -s precious "result.json.$PPID.tmp"'];
    const ran = await cli.run(['run', '--agent', 'a', '--result-file', 'result.json', '--', ...command]);

    expect(ran.exit).toBe(0);
    expect(readFileSync(join(cli.folder, 'precious'), 'utf8')).toBe('precious');
    expect(lstatSync(join(cli.folder, 'result.json')).isFile()).toBe(true);
  });

  test.concurrent('a store that cannot be reached is 69, and the result file says so', async ({ expect }) => {
    using cli = new Cli();
    const words = [
      '--agent',
      'a',
      '--store',
      'postgres://nobody@127.0.0.1:1/none',
      '--ttl',
      '1s',
      '--result-file',
      'result.json',
    ];

    const ran = await cli.run(['run', ...words, '--', 'true']);

    expect([ran.exit, ran.stderr]).toEqual([69, expect.stringContaining('STORE_UNREACHABLE')]);
    expect(resultIn(join(cli.folder, 'result.json'))).toMatchObject({ exit: 69, reason: 'error', task_id: null });
  });

  test.concurrent('--quiet-unless-failed shows what was written only if it failed', async ({ expect }) => {
    using cli = new Cli();
    await addTask(cli);
    await addTask(cli);
    const script = 'echo out; echo err >&2; exit $0';

    const well = await cli.run(['run', '--agent', 'a', '--quiet-unless-failed', '--', 'sh', '-c', script, '0']);
    const ill = await cli.run([
      'run',
      '--agent',
      'a',
      '--quiet',
      '--quiet-unless-failed',
      '--',
      'sh',
      '-c',
      script,
      '2',
    ]);

    expect(well).toMatchObject({ exit: 0, stdout: '', stderr: '' });
    expect(ill).toMatchObject({ exit: 2, stdout: 'out\n', stderr: 'err\n' });
  });
});

test.concurrent.for([
  [['--agent', 'a'], /command/],
  [['--agent', 'a', '--json', '--', 'true'], /--result-file/],
  [['--agent', 'a', '--command-id', '01a203a0-dea4-7000-8ba7-04c45de03ee3', '--', 'true'], /--command-id/],
  [['--agent', 'a', '--on-lost', 'explode', '--', 'true'], /--on-lost/],
  [['--agent', 'a', '--on-lost', 'exec', '--', 'true'], /--on-lost/],
  [['--agent', 'a', '--on-lost', 'term', 'now', '--', 'true'], /--on-lost/],
  [['--agent', 'a', '--conflict-exit-code', '256', '--', 'true'], /--conflict-exit-code/],
  [['--agent', 'a', '--ttl', '10ms', '--', 'true'], /--ttl/],
  [['--agent', 'a', '--timeout', '597h', '--', 'true'], /--timeout/],
] as const)('run %j is refused with 64', async ([words, said], { expect }) => {
  using cli = new Cli();

  const { exit, stdout, stderr } = await cli.run(['run', ...words]);

  expect([exit, stdout + stderr]).toEqual([64, expect.stringMatching(said)]);
});

/** What a result file must never replace, nor write through. */
function placeOddFiles(cli: Cli): void {
  execFileSync('sh', ['-c', 'mkfifo pipe'], { cwd: cli.folder });
  writeFileSync(join(cli.folder, 'precious'), 'precious');
  symlinkSync('precious', join(cli.folder, 'link'));
  symlinkSync('nowhere', join(cli.folder, 'dangling'));
}

/** What kind of thing the odd files are, and what the linked one says. */
function kindsIn(cli: Cli): unknown {
  const kinds = ['pipe', 'link', 'dangling'].map((name) => lstatSync(join(cli.folder, name)).mode);
  return [...kinds, readFileSync(join(cli.folder, 'precious'), 'utf8'), existsSync(join(cli.folder, 'nowhere'))];
}

function resultIn(file: string): unknown {
  return (JSON.parse(readFileSync(file, 'utf8')) as { data: unknown }).data;
}
