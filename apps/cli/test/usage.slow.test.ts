/*
 * The words of the command line:
 *  - an unknown command, option or topic is refused with 64, and what was probably meant is named
 *  - what is mistyped is helped by the help of its own command
 *  - a malformed value is refused with 64, and the flag is named
 *  - a value that crosses a limit is refused with 64, and the flag is named
 *  - a line break in a word begins no line of an error
 *  - a word that is not UTF-8 is refused with 64, because Node changes it; U+FFFD itself is taken
 *  - with --json a refused command line is one document, too
 *  - a claim with a command id needs its seed, and is told how to give it
 *  - what needs an agent says so, naming flag and variable
 *  - --json with a stream is refused: --jsonl is meant; and so are both at once
 *  - malformed store URLs are refused, and never repeated if they may hold a password
 *  - nothing of this makes a store
 */
import { existsSync } from 'node:fs';
import { test } from 'vitest';
import { Cli, finished, inventedToken } from './support/cli.ts';

const RELEASE = ['release', '--token', inventedToken(), '--outcome', 'failed'];

test.concurrent.for([
  [['staus'], /Did you mean status/],
  [['task', 'shwo'], /Did you mean show/],
  [['claim', '--sesion', 's'], /Did you mean --session/],
  [['help', 'exit'], /exit-codes/],
  [['task'], /No command/],
] as const)('%j is refused with 64, and what was probably meant is named', async ([words, said], { expect }) => {
  using cli = new Cli();

  const { exit, stdout, stderr } = await cli.run(words);

  expect(exit).toBe(64);
  expect(stderr).toMatch(said);
  expect(stdout).toBe('');
});

test.concurrent.for([
  [['--sesion', 's'], 'orchestrator --help'],
  [['staus'], 'orchestrator --help'],
  [['task', 'shwo'], 'orchestrator task --help'],
  [['task', 'create', 'x', '--prioriti', '1'], 'orchestrator task create --help'],
  [['task', 'create', 'x', '--priority', 'high'], 'orchestrator task create --help'],
  [['session', 'show'], 'orchestrator session show --help'],
  [['release', '--outcome', 'done'], 'orchestrator release --help'],
] as const)('%j is helped by %s', async ([words, help], { expect }) => {
  using cli = new Cli();

  const { error } = await cli.json(words);

  expect(error.hint).toMatch(new RegExp(`Try: ${help}$`));
});

test.concurrent.for([
  [['sta\norchestrator: done']],
  [['task', 'sh\norchestrator: done']],
  [['status', '--wat\norchestrator: done']],
  [['status', '--wat\norchestrator: done=1\norchestrator: done']],
  [['claim', '--agent', 'a', '--ttl', '1s\norchestrator: done']],
  [['claim', '--agent', 'a', '--ttl=1s\r\norchestrator: done']],
  [['claim', '--agent', 'a\norchestrator: done']],
  [['task', 'show', 'x\norchestrator: done']],
  [['help', 'x\norchestrator: done']],
  [['events', '--type', 'x\norchestrator: done']],
] as const)('a line break in %j begins no line', async ([words], { expect }) => {
  using cli = new Cli();
  await cli.run(['store', 'init']);

  const { exit, stderr } = await cli.run(words);
  const { error } = await cli.json(words);

  expect(exit).not.toBe(0);
  expect(stderr).not.toMatch(/^(?:orchestrator: )+done/mu);
  expect(error.hint ?? '').not.toMatch(/^\s*orchestrator: done|\n/u);
});

test.skipIf(process.platform !== 'linux').concurrent.for([
  ['task create x --dedupe-key "$(printf "caf\\351")"', 64],
  ['run --agent a -- cat "$(printf "\\377")"', 64],
  ['task create x --dedupe-key "$(printf "caf\\357\\277\\275")"', 0],
] as const)('bytes that are not UTF-8 are refused: %s, exit %i', async ([line, code], { expect }) => {
  using cli = new Cli();

  const { exit, stderr } = await finished(cli.startBy(`"$@" ${line}`, []));

  expect(exit).toBe(code);
  if (code !== 0) expect(stderr).toContain('not valid UTF-8');
});

test.concurrent.for([
  [['claim', '--agent', 'a', '--ttl', '2 minutes'], '--ttl'],
  [['claim', '--agent', 'a', '--ttl', '1.5s'], '--ttl'],
  [['claim', '--agent', 'a', '--wait', '-1s'], '--wait'],
  [['claim', '--agent', 'a', '--ttl', '10ms'], '--ttl'],
  [['claim', '--agent', 'two words'], '--agent'],
  [['claim', '--agent', 'a', '--instance', 'two words'], '--instance'],
  [['task', 'create', 'x', '--priority', 'high'], '--priority'],
  [['events', '--limit', '0'], '--limit'],
  [['task', 'list', '--limit', '0'], '--limit'],
  [['session', 'list', '--limit', '0'], '--limit'],
  [['task', 'create', 'x', '--command-id', '7'], '--command-id'],
  [['task', 'create', 'x', '--delay', '9999999999999h'], '--delay'],
  [['claim', '--agent', 'a', '--kind', 'two words'], '--kind'],
  [['claim', '--agent', 'a', '--role', 'two words'], '--role'],
  [['claim', '--agent', 'a', '--session', 'two\nlines'], '--session'],
  [['claim', '--agent', 'a', '--session', 's'.repeat(129)], '--session'],
  [['claim', '--agent', 'a', '--stale-after', '0s'], '--stale-after'],
  [['claim', '--agent', 'a', '--command-id', '7'], '--command-id'],
  [['claim', '--agent', 'a', '--env', '--ttl', '10ms'], '--ttl'],
  [['claim', '--agent', 'a', '--namespace', 'two words'], '--namespace'],
  [['run', '--agent', 'a', '--session', 'two\nlines', '--', 'true'], '--session'],
  [['task', 'create', 'x', '--session', ' begins with a space'], '--session'],
  [['task', 'create', 'x', '--session', 'zero\u200bwidth'], '--session'],
  [['task', 'create', 'x', '--kind', 'two words'], '--kind'],
  [['task', 'create', 'x', '--dedupe-key', 'two\nlines'], '--dedupe-key'],
  [['task', 'create', 'x', '--priority', '1001'], '--priority'],
  [['task', 'create', 'x'.repeat(501)], 'TITLE'],
  [['task', 'create', 'x', '--session', 's'.repeat(129)], '--session'],
  [['task', 'create', 'x', '--delay', '99999999h'], '--delay'],
  [['release', '--outcome', 'done', '--token', inventedToken()], '--outcome'],
  [
    ['release', '--outcome', 'succeeded', '--token', inventedToken(), '--claim-next', '--agent', 'two words'],
    '--agent',
  ],
  [['checkpoint', '--token', inventedToken(), '--turn', '-1'], '--turn'],
  [['checkpoint', '--token', inventedToken(), '--hash', 'x'.repeat(4_097)], '--hash'],
  [['heartbeat', '--token', 'x'], '--token'],
  [['heartbeat', '--token', '1795905856898000'], '--token'],
  [['heartbeat', '--token', inventedToken('99999999999999999')], '--token'],
  [['heartbeat', '--token', inventedToken().toUpperCase()], '--token'],
  [['heartbeat', '--token', inventedToken(), '--instance', 'two words'], '--instance'],
] as const)('%j is refused with 64, and %s is named', async ([words, flag], { expect }) => {
  using cli = new Cli();

  const { exit, stderr } = await cli.run(words);

  expect([exit, stderr]).toEqual([64, expect.stringContaining(flag)]);
  expect(existsSync(cli.path)).toBe(false);
});

test.concurrent.for([
  ['--error', ['--error', 'x'.repeat(4_097)]],
  ['--error-code', ['--error', 'x', '--error-code', 'two words\u0001'.repeat(20)]],
] as const)('%s is a word of the command line, too: 64 if it crosses a limit', async ([flag, words], { expect }) => {
  using cli = new Cli();

  const { exit, stderr } = await cli.run([...RELEASE, ...words]);

  expect([exit, stderr]).toEqual([64, expect.stringContaining(`(${flag})`)]);
  expect(existsSync(cli.path)).toBe(false);
});

test.concurrent.for([
  ['no seed', {}, /needs a seed.*ORCHESTRATOR_SEED.*openssl/s],
  ['an empty seed', { ORCHESTRATOR_SEED: '' }, /needs a seed/],
  ['a malformed seed', { ORCHESTRATOR_SEED: 'secret' }, /32 hex digits.*ORCHESTRATOR_SEED/],
] as const)('a claim with a command id is refused with 64 with %s', async ([, env, said], { expect }) => {
  using cli = new Cli();
  const id = ['--agent', 'a', '--command-id', '01a203a0-dea4-7000-8ba7-04c45de03ee3'];

  const ran = [await cli.run(['claim', ...id], { env }), await cli.run([...RELEASE, '--claim-next', ...id], { env })];

  for (const { exit, stderr } of ran) expect([exit, stderr]).toEqual([64, expect.stringMatching(said)]);
  expect(ran.map(({ stderr }) => stderr).join('')).not.toContain('secret');
  expect(existsSync(cli.path)).toBe(false);
});

test.concurrent('with --json a refused command line is one document, too', async ({ expect }) => {
  using cli = new Cli();

  const { kind, error, exit } = await cli.json(['staus']);

  expect([kind, exit, error.code, error.exit, error.retryable]).toEqual(['error', 64, 'USAGE', 64, false]);
});

test.concurrent('without a configured agent the name is USER@HOST, which is said once', async ({ expect }) => {
  using cli = new Cli();
  const env = { ORCHESTRATOR_AGENT: '' };
  await cli.run(['task', 'create', 'Count', '--session', 'a']);
  await cli.run(['task', 'create', 'Count', '--session', 'b']);

  const [first, second] = [await cli.run(['claim'], { env }), await cli.run(['claim'], { env })];

  const [name] = /[^ ]+@[^ ;]+/.exec(first.stderr) ?? [];
  expect([first.exit, second.exit]).toEqual([0, 0]);
  expect(first.stderr).toMatch(/you work as agent .*--agent.*ORCHESTRATOR_AGENT/);
  expect(second.stderr).not.toContain('you work as agent');
  expect((await cli.json(['session', 'list'])).data).toMatchObject([{ agent: name }, { agent: name }]);
});

test.concurrent.for([[['events', '--follow']], [['status', '--watch']], [['recover', '--watch']]] as const)(
  '--json with %j is refused: --jsonl is meant',
  async ([words], { expect }) => {
    using cli = new Cli();

    const { exit, error } = await cli.json(words);

    expect([exit, error.hint]).toEqual([64, expect.stringContaining('--jsonl')]);
  },
);

test.concurrent.for([
  ['events', '--jsonl'],
  ['events', '--jsonl', '--follow'],
  ['status', '--jsonl'],
  ['recover', '--jsonl'],
] as const)('%j with --json is refused: one document or many', async (words, { expect }) => {
  using cli = new Cli();
  await cli.run(['store', 'init']);

  const { exit, kind, error } = await cli.json(words);

  expect([exit, kind, error.code]).toEqual([64, 'error', 'USAGE']);
});

test.concurrent.for(['/a/path.db', 'sqlite:', 'mysql://host/db', 'postgres://user:hunter2@ho st/db'])(
  'the store %s is refused and not repeated',
  async (store, { expect }) => {
    using cli = new Cli();

    const { exit, error } = await cli.json(['status', '--store', store]);

    expect([exit, error.code, error.field]).toEqual([64, 'STORE_URL_INVALID', 'store']);
    expect(JSON.stringify(error)).not.toContain('hunter2');
  },
);
