/*
 * claim --env, for a shell that evaluates what it prints:
 *  - it sets the variables of the lease, and the verbs of the holder take the token from there
 *  - any value arrives unchanged and nothing of it is run
 *  - a claim that is refused, for any reason, makes eval fail with its exit code, and says why
 *  - it leaves no token of an earlier claim, but an empty one, which means no lease
 *  - a variable that the lease does not have is absent afterwards
 *  - it does not go together with --json or --quiet
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';
import { Cli, finished, inventedToken, type Ran } from './support/cli.ts';

const PROGRAM = fileURLToPath(new URL('../bin/orchestrator.js', import.meta.url));
const SHELLS = ['bash', 'sh'].filter((shell) => spawnSync(shell, ['-c', 'true']).status === 0);
/** Prints what a program finds of our variables. */
const SHOW = `${process.execPath} -e 'console.log(JSON.stringify(process.env))'`;
/** Of an earlier claim. */
const EARLIER = { ORCHESTRATOR_TOKEN: inventedToken(), ORCHESTRATOR_FENCE: '7', ORCHESTRATOR_SESSION: 'earlier' };

describe.skipIf(SHELLS.length === 0).for(SHELLS)('in %s', (shell) => {
  test.concurrent('eval sets the variables of the lease, and the verbs of the holder use its token', async ({
    expect,
  }) => {
    using cli = new Cli();
    const added = await cli.json(['task', 'create', 'x', '--session', 's']);

    const { exit, stdout } = await evaluate(cli, shell, {
      line: 'eval "$("$@" claim --env)"',
      then: [
        SHOW,
        '"$@" heartbeat --quiet',
        '"$@" checkpoint --next-action more --quiet',
        '"$@" release --outcome succeeded --quiet',
      ],
      env: { ORCHESTRATOR_AGENT: 'a', ORCHESTRATOR_INSTANCE: 'i', ORCHESTRATOR_SEED: '0'.repeat(32) },
    });
    const { data } = await cli.json(['task', 'show', added.data.id]);
    const granted = await cli.json(['events', '--type', 'task.claimed']);

    const [shown = '', ...ids] = stdout.trimEnd().split('\n');
    const [{ fence }] = granted.data as unknown as [{ fence: number }];
    expect(exit).toBe(0);
    expect(variablesIn(shown)).toEqual({
      ORCHESTRATOR_SESSION: 's',
      ORCHESTRATOR_TASK: added.data.id,
      ORCHESTRATOR_TOKEN: expect.stringMatching(new RegExp(`^${fence}-[0-9a-f]{32}$`)),
      ORCHESTRATOR_FENCE: String(fence),
      ORCHESTRATOR_AGENT: 'a',
      ORCHESTRATOR_INSTANCE: 'i',
      ORCHESTRATOR_NAMESPACE: 'default',
      ORCHESTRATOR_STORE: cli.store,
    });
    expect(ids).toEqual(['s', 's', added.data.id]);
    expect(data).toMatchObject({ status: 'succeeded' });
  });

  test.concurrent('any value arrives unchanged, and nothing of it is run', async ({ expect }) => {
    using cli = new Cli();
    const odd = `it's "one" $HOME \`touch ran\` $(touch ran); touch ran & \\ * ~ %{} 한글`;
    const folder = join(cli.folder, odd);
    mkdirSync(folder);
    const store = `sqlite:${join(folder, "agents' store.db")}`;
    const env = { ORCHESTRATOR_STORE: store, ORCHESTRATOR_AGENT: '회사재규', ORCHESTRATOR_NAMESPACE: '프로젝트' };
    await cli.run(['task', 'create', 'x', '--session', odd], { env });

    const { exit, stdout } = await evaluate(cli, shell, {
      line: 'eval "$("$@" claim --env)"',
      then: [SHOW, 'ls', '"$@" release --outcome succeeded --quiet'],
      env,
    });

    const [shown = '', ...files] = stdout.trimEnd().split('\n');
    expect(exit).toBe(0);
    expect(variablesIn(shown)).toMatchObject({
      ORCHESTRATOR_SESSION: odd,
      ORCHESTRATOR_AGENT: '회사재규',
      ORCHESTRATOR_NAMESPACE: '프로젝트',
      ORCHESTRATOR_STORE: store,
    });
    expect(files).not.toContain('ran');
  });

  test.concurrent.for([
    [75, ['--agent', 'a'], 'NO_TASK'],
    [75, ['--agent', 'a', '--wait', '1ms'], 'NO_TASK'],
    [66, ['--agent', 'a', '--session', 'absent'], 'NOT_FOUND'],
    [64, ['--agent', 'no name'], 'agent'],
    [64, ['--agent', 'a', '--ttl', '10ms'], '--ttl'],
    [64, ['--agent', 'a', '--ttl', 'long'], '--ttl'],
    [64, ['--agent', 'a', '--sesion', 's'], '--session'],
    [64, ['--agent', 'a', '--json'], '--env'],
    [64, ['--agent', 'a', '--store', '/no/url'], 'STORE_URL_INVALID'],
    [78, ['--agent', 'a', '--store', 'CONFIGURED BADLY'], 'CONFIG_INVALID'],
  ] as const)(
    'a claim that ends with %i (%j) makes eval fail so, and leaves no earlier token',
    async ([code, words, said], { expect }) => {
      using cli = new Cli();
      if (words.includes('CONFIGURED BADLY' as never)) configureBadly(cli);
      const quoted = words.map((word) => `'${word}'`).join(' ');

      const plain = await evaluate(cli, shell, {
        line: `eval "$("$@" claim --env ${quoted})"`,
        then: ['echo "exit $?"', SHOW],
        env: EARLIER,
      });
      const strict = await evaluate(cli, shell, {
        line: `set -e; eval "$("$@" claim --env ${quoted})"`,
        then: ['echo "continued"'],
        env: EARLIER,
      });

      const [exit, shown = ''] = plain.stdout.trimEnd().split('\n');
      expect([exit, plain.stderr]).toEqual([`exit ${code}`, expect.stringContaining(said)]);
      expect(variablesIn(shown)).toEqual({ ORCHESTRATOR_STORE: cli.store, ORCHESTRATOR_TOKEN: '' });
      expect([strict.exit, strict.stdout]).toEqual([code, '']);
    },
  );
});

test.concurrent('a variable that the lease does not have is absent afterwards', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x']);

  const { stdout } = await cli.run(['claim', '--agent', 'a', '--env']);

  expect(stdout.trimEnd().split('\n').at(5)).toBe('unset ORCHESTRATOR_INSTANCE');
});

test.concurrent.for(['--json', '--quiet'])('it does not go together with %s', async (flag, { expect }) => {
  using cli = new Cli();

  const { exit, stderr } = await cli.run(['claim', '--agent', 'a', '--env', flag]);

  expect([exit, stderr]).toEqual([64, expect.stringContaining('--env prints lines for a shell.')]);
});

test.concurrent('a claim that is interrupted while it waits makes eval fail, too', async ({ expect }) => {
  using cli = new Cli();
  const waiting = cli.start(['claim', '--agent', 'a', '--env', '--wait', '15s']);
  const ended = finished(waiting);
  // It has made the store: from then on it waits.
  await expect.poll(async () => (await cli.run(['status'])).exit, { timeout: 15_000 }).toBe(0);

  waiting.kill('SIGTERM');
  const { exit, stdout } = await ended;

  expect([exit, stdout]).toEqual([
    143,
    expect.stringMatching(/^unset .*\nexport ORCHESTRATOR_TOKEN=\n\(exit 143\)\n$/),
  ]);
});

interface ShellCall {
  /** The program's words come in front of its arguments as `"$@"`. */
  readonly line: string;
  readonly then: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Runs lines in a shell to their end. */
function evaluate(cli: Cli, shell: string, { line, then, env }: ShellCall): Promise<Ran> {
  const base = { PATH: process.env['PATH'] ?? '', HOME: cli.folder, ORCHESTRATOR_STORE: cli.store };
  const script = [line, ...then].join('\n');
  const child = spawn(shell, ['-c', script, shell, process.execPath, PROGRAM], {
    cwd: cli.folder,
    env: { ...base, ...env },
  });
  child.stdin.end();
  return finished(child);
}

/** Our variables of a printed environment. */
function variablesIn(environment: string): Record<string, string> {
  const all = Object.entries(JSON.parse(environment) as Record<string, string>);
  return Object.fromEntries(all.filter(([name]) => name.startsWith('ORCHESTRATOR_')));
}

function configureBadly(cli: Cli): void {
  mkdirSync(join(cli.folder, '.openclaw'));
  writeFileSync(join(cli.folder, '.openclaw', 'orchestrator.json'), '{"stroe":"x"}', { mode: 0o600 });
}
