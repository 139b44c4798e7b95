/*
 * run -- CMD:
 *  - the streams are the command's own; no shell reads its words; it has a process group of its own
 *  - the descriptors beyond 2 that `run` was started with are its own, too, and none that Node has opened
 *  - it finds the lease in its environment
 *  - it finds the same configuration in whatever folder it works
 *  - it finds payload and context in private files that are gone afterwards
 *  - what a killed run left of them is gone after the next one, but not before its command is
 *  - a run within a run sees the inner lease, has an instance of its own, and resumes nothing of the outer one
 *  - heartbeat, checkpoint and release work from within; a release of its own counts
 *  - its exit code is passed on and decides: 0 has succeeded, any other has failed; a signal is 128 and its number
 *  - what never started is 125 to 127 and charges no attempt
 *  - nothing to claim is 75, or what --conflict-exit-code says; --wait waits
 *  - --quiet-unless-failed shows what was written only if it failed
 *  - what it cannot do is refused with 64
 * How it ends before its command does is in run-ending.test.ts.
 */
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SECRET_VARIABLES } from '@agent-orchestrator/runtime/secret-variables';
import { describe, test } from 'vitest';
import { Cli, finished, holderOf } from './support/cli.ts';
import { addTask, isGone, kill, ORCHESTRATOR, resultIn, Running, sessionOf, taskOf, until } from './support/running.ts';
import { hasTerminal, Terminal } from './support/terminal.ts';

describe.skipIf(process.platform === 'win32')('run', () => {
  test.concurrent('the command gets the descriptors beyond 2 that run was started with', async ({ expect }) => {
    using cli = new Cli();
    await addTask(cli);
    writeFileSync(join(cli.folder, 'in'), 'of a file');
    const read = 'echo >&9 || exit 9; cat <&3 >&5; cat <&7 >&5; cat <&63 >&5';
    const script = `"$@" 3< in 5> out 9> /dev/null 7< <(printf " of a pipe") 63< <(printf " of a far pipe")`;

    const { exit } = await finished(cli.startBy(script, ['run', '--agent', 'a', '--', 'bash', '-c', read]));

    expect(exit).toBe(0);
    expect(readFileSync(join(cli.folder, 'out'), 'utf8')).toBe('of a file of a pipe of a far pipe');
  });

  test.concurrent('on a terminal it gets none that Node has opened there', async ({ expect, skip }) => {
    skip(!hasTerminal, 'the program `script` is not installed');
    using cli = new Cli();
    await addTask(cli);
    const list = `sh -c 'echo "[" $(ls /proc/self/fd) "]"'`;
    using terminal = new Terminal(cli, `${list}; ${ORCHESTRATOR} run --agent a -- ${list}; echo over`);

    await terminal.says('over');

    const [without, by] = terminal.said.match(/\[.*\]/g) ?? [];
    expect([by, by]).toEqual([expect.stringContaining('0'), without]);
  });

  test.concurrent('so it gets a copy of standard output that goes into a pipe', async ({ expect }) => {
    using cli = new Cli();
    await addTask(cli);
    const words = ['run', '--agent', 'a', '--', 'sh', '-c', 'echo by copy >&3'];

    const { stdout } = await finished(cli.startBy('"$@" 3>&1 | cat; exit ${PIPESTATUS[0]}', words));

    expect(stdout).toBe('by copy\n');
  });

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

  test.concurrent('it finds the lease in its environment, payload and context in private files', async ({ expect }) => {
    using cli = new Cli();
    const added = await cli.json(['task', 'create', 'x', '--session', 's', '--payload', '{"camelCase":[1]}']);
    const first = await cli.json(['claim', '--agent', 'a']);
    const holder = holderOf(first.data.lease);
    await cli.run(['checkpoint', ...holder, '--next-action', 'continue']);
    await cli.run(['release', ...holder, '--outcome', 'released']);
    const show = `
    const { readFileSync, statSync } = require('node:fs');
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('ORCHESTRATOR_')));
    const files = [own.ORCHESTRATOR_PAYLOAD_FILE, own.ORCHESTRATOR_CONTEXT_FILE, own.ORCHESTRATOR_ANSWER_FILE];
    const folder = require('node:path').dirname(files[0]);
    const modes = [...files, folder].map((path) => statSync(path).mode & 0o777);
    const [payload, context, answer] = files.map((path) => JSON.parse(readFileSync(path)));
    // Its parent, the keeper, is a program that was started, too.
    const ofParent = '/proc/' + process.ppid + '/environ';
    const parent = process.platform === 'linux' ? readFileSync(ofParent, 'utf8') : '';
    console.log(JSON.stringify({ own, modes, payload, context, answer, parent }));`;

    const { seed, passphrase } = SECRET_VARIABLES;
    const secrets = { [seed]: '0'.repeat(32), [passphrase]: 'correct horse battery' };
    const { stdout } = await cli.run(
      ['run', '--agent', 'a', '--namespace', 'default', '--', process.execPath, '-e', show],
      {
        env: { ORCHESTRATOR_STORE: 'sqlite:store.db', ...secrets },
      },
    );

    const { own, modes, payload, context, answer, parent } = JSON.parse(stdout) as {
      own: Record<string, string>;
      modes: number[];
      payload: unknown;
      context: unknown;
      answer: unknown;
      parent: string;
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
      ORCHESTRATOR_ANSWER_FILE: expect.any(String),
    });
    expect(modes).toEqual([0o600, 0o600, 0o600, 0o700]);
    expect(payload).toEqual({ camelCase: [1] });
    expect(context).toMatchObject({ turn: 1, next_action: 'continue' });
    expect(answer).toBeNull();
    for (const secret of Object.values(secrets)) expect(parent).not.toContain(secret);
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

  test.concurrent('with --resume, a run within a run keeps a named instance, and leaves the outer one alone', async ({
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

  test.concurrent('heartbeat, checkpoint and release work from within; a release of its own counts', async ({
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

  test.concurrent('the command finds the same configuration in another folder', async ({ expect }) => {
    using cli = new Cli();
    await Promise.all([addTask(cli), addTask(cli)]);
    mkdirSync(join(cli.folder, 'state'));
    for (const file of ['named.json', 'state/orchestrator.json'])
      writeFileSync(join(cli.folder, file), JSON.stringify({ store: cli.store, ttl: '77s' }), { mode: 0o600 });
    const command = ['sh', '-c', `cd / && unset ORCHESTRATOR_STORE && ${ORCHESTRATOR} config list --json`];

    const ran = [{ ORCHESTRATOR_CONFIG: 'named.json' }, { OPENCLAW_STATE_DIR: 'state' }].map(async (env) =>
      cli.run(['run', '--agent', 'a', '--', ...command], { env }),
    );

    for (const { exit, stdout } of await Promise.all(ran)) {
      expect(exit).toBe(0);
      expect(stdout).toContain(cli.store);
      expect(stdout).toContain('77');
    }
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
