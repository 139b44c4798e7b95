/*
 * `run --journal`:
 *  - keeps a private journal of its calls and their answers, without the token that its command gets
 *  - leaves none where there was nothing to claim
 *  - a folder without a name is exit 64, and nothing is written into the current folder
 *  - a journal that cannot be written is exit 73, said before anything is claimed
 *  - a journal that cannot be written at the end is exit 74, after the store was told
 * `journal check`:
 *  - says that nothing is missing, exit 0: as text, as JSON, quietly
 *  - lists what a restored older backup lacks, exit 1: as text, as JSON, quietly
 *  - compares one namespace if the flag names it, and says what it left out; a variable or the file does not narrow it
 *  - does not say that nothing is missing where nothing was compared
 *  - a folder that cannot be read is exit 66, none at all 64, a damaged line 65 with file and line
 */
import { mkdirSync, readdirSync, readFileSync, statSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Cli } from './support/cli.ts';
import { addTask, taskOf } from './support/running.ts';

const RUN = ['run', '--agent', '회사재규', '--journal', 'journals', '--'];

function newCli(): Cli {
  const cli = new Cli();
  onTestFinished(() => cli[Symbol.dispose]());
  return cli;
}

function journalIn(cli: Cli, folder = 'journals'): { readonly path: string; readonly text: string } {
  const names = readdirSync(join(cli.folder, folder));
  expect(names).toHaveLength(1);
  const path = join(cli.folder, folder, names[0] ?? '');
  return { path, text: readFileSync(path, 'utf8') };
}

test('a run keeps a private journal of its calls and answers, without its token', async () => {
  const cli = newCli();
  const id = await addTask(cli);

  const { exit, stdout } = await cli.run([...RUN, 'sh', '-c', 'echo $ORCHESTRATOR_TOKEN']);

  expect(exit).toBe(0);
  const { path, text } = journalIn(cli);
  expect([statSync(join(cli.folder, 'journals')).mode & 0o777, statSync(path).mode & 0o777]).toEqual([0o700, 0o600]);
  const [fence = '', secret = ''] = stdout.trim().split('-');
  expect(secret).toMatch(/^[0-9a-f]{32}$/);
  expect(text).not.toContain(secret);
  const lines = text.trimEnd().split('\n');
  const said = lines.map((line) => JSON.parse(line) as { is: string; command?: string });
  expect(said.map(({ is, command }) => command ?? is)).toEqual([
    'started',
    'claim',
    'answered',
    'release',
    'answered',
    'ended',
  ]);
  expect(text).toContain(`"fence":${fence}`);
  expect(text).toContain(id);
  expect(await cli.run(['journal', 'check', 'journals'])).toMatchObject({
    exit: 0,
    stdout: 'journal check: 1 journal, 2 acknowledged operations, none is missing\n',
    stderr: '',
  });
});

test('a run leaves no journal where there was nothing to claim', async () => {
  const cli = newCli();

  const { exit } = await cli.run([...RUN, 'true']);

  expect(exit).toBe(75);
  expect(readdirSync(join(cli.folder, 'journals'))).toEqual([]);
});

test('a folder without a name is exit 64, and nothing is written into the current folder', async () => {
  const cli = newCli();
  const id = await addTask(cli);
  const before = readdirSync(cli.folder);

  const { exit, stderr } = await cli.run(['run', '--agent', 'a', '--journal', '', '--', 'true']);

  expect({ exit, stderr }).toEqual({ exit: 64, stderr: expect.stringContaining('--journal') });
  expect(readdirSync(cli.folder)).toEqual(before);
  expect(await taskOf(cli, id)).toMatchObject({ status: 'queued', attempt: 0 });
});

test('a journal that cannot be written is said before anything is claimed', async () => {
  const cli = newCli();
  const id = await addTask(cli);
  writeFileSync(join(cli.folder, 'journals'), '');

  const { exit, stderr } = await cli.run([
    'run',
    '--agent',
    'a',
    '--journal',
    'journals',
    '--result-file',
    'r',
    '--',
    'true',
  ]);

  expect(exit).toBe(73);
  expect(stderr).toContain('[JOURNAL_UNWRITABLE]');
  expect(await taskOf(cli, id)).toMatchObject({ status: 'queued', attempt: 0 });
  expect(JSON.parse(readFileSync(join(cli.folder, 'r'), 'utf8'))).toMatchObject({
    data: { exit: 73, reason: 'error', message: expect.stringContaining('[JOURNAL_UNWRITABLE]') },
  });
});

// The superuser may write everything.
test('a folder that this user may not write is exit 73', async () => {
  const cli = newCli();
  const id = await addTask(cli);
  mkdirSync(join(cli.folder, 'journals'), { mode: 0o555 });
  cli.giveAway();

  const { exit, stderr } = await cli.run([...RUN, 'true'], { unprivileged: true });

  expect({ exit, stderr }).toEqual({ exit: 73, stderr: expect.stringContaining('EACCES') });
  expect(await taskOf(cli, id)).toMatchObject({ status: 'queued' });
});

test('a journal that cannot be written at the end is exit 74, after the store was told', async () => {
  const cli = newCli();
  const id = await addTask(cli);

  const words = ['run', '--agent', 'a', '--ttl', '3s', '--journal', 'journals', '--result-file', 'r'];
  const { exit, stderr } = await cli.run([...words, '--', 'sh', '-c', 'rm -r journals && touch journals']);

  expect(exit).toBe(74);
  expect(stderr).toContain('The outcome of task t1 is not in the journal');
  expect(stderr).toContain('[JOURNAL_UNWRITABLE]');
  expect(await taskOf(cli, id)).toMatchObject({ status: 'succeeded' });
  expect(JSON.parse(readFileSync(join(cli.folder, 'r'), 'utf8'))).toMatchObject({
    data: { exit: 74, reason: 'journal_unwritable', code: 0, outcome: null },
  });
});

/** A store that was restored from a backup, and the task that was done since. */
async function restored(cli: Cli): Promise<{ readonly id: string; readonly env: { ORCHESTRATOR_STORE: string } }> {
  const id = await addTask(cli);
  await cli.run(['store', 'backup', 'backup.db']);
  await cli.run([...RUN, 'true']);
  const store = `sqlite:${join(cli.folder, 'restored.db')}`;
  expect(await cli.run(['store', 'restore', 'backup.db', '--store', store])).toMatchObject({ exit: 0 });
  return { id, env: { ORCHESTRATOR_STORE: store } };
}

test('it lists what a restored older backup lacks', async () => {
  const cli = newCli();
  const { id, env } = await restored(cli);
  const check = ['journal', 'check', 'journals'];

  const text = await cli.run(check, { env });
  const document = await cli.json(check, { env });
  const quiet = await cli.run([...check, '--quiet'], { env });

  const { missing } = document.data as unknown as { missing: { command_id: string; effects: { fence: number }[] }[] };
  const fence = missing[0]?.effects[0]?.fence;
  expect([text.exit, document.exit, quiet.exit]).toEqual([1, 1, 1]);
  const [compared, summary, heading, ...rows] = text.stdout.trimEnd().split('\n');
  expect(compared).toBe('journal check: 1 journal, 2 acknowledged operations');
  expect(summary).toBe('2 acknowledged operations are missing (1 claim, 1 release).');
  expect(heading?.split(/ {2,}/)).toEqual(['OPERATION', 'AGENT', 'ANSWERED', 'COMMAND', 'FENCE', 'TASK']);
  expect(rows.map((row) => row.split(/ {2,}/))).toEqual(
    ['✗ claim', '✗ release'].map((operation, at) => [
      operation,
      '회사재규',
      expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d$/),
      missing[at]?.command_id,
      String(fence),
      id,
    ]),
  );
  expect(text.stderr).toContain('docs/fail-over.md');
  expect(document).toMatchObject({
    kind: 'journal_check',
    data: { ok: false, files: 1, operations: 2 },
    meta: { as_of: expect.any(Number) },
  });
  expect(missing).toMatchObject([
    { command: 'claim', agent: '회사재규', namespace: 'default', effects: [{ type: 'task.claimed', task_id: id }] },
    { command: 'release', answered_at: expect.stringMatching(/Z$/), effects: [{ type: 'lease_ended', fence }] },
  ]);
  expect(quiet.stdout).toBe(`${missing.map((one) => one.command_id).join('\n')}\n`);
});

test('it compares one namespace if the flag names it, and says what it left out', async () => {
  const cli = newCli();
  const { env } = await restored(cli);
  const check = ['journal', 'check', 'journals', '--namespace'];

  const named = await cli.json([...check, 'default'], { env });
  const other = await cli.json([...check, 'other'], { env });
  const text = await cli.run([...check, 'other'], { env });

  expect(named).toMatchObject({ exit: 1, data: { namespace: 'default', operations: 2, left_out: 0 } });
  expect(other).toMatchObject({
    exit: 0,
    data: {
      namespace: 'other',
      operations: 0,
      left_out: 2,
      summary: 'No acknowledged operation was compared.',
    },
  });
  expect(text.stdout).toBe(
    'journal check: 1 journal, 0 acknowledged operations in namespace other (2 in other namespaces left out): ' +
      'nothing was compared\n',
  );
});

test.each(['variable', 'configuration file'])('a namespace in the %s does not narrow it', async (where) => {
  const cli = newCli();
  const { env } = await restored(cli);
  const isVariable = where === 'variable';
  if (!isVariable) {
    mkdirSync(join(cli.folder, '.openclaw'), { recursive: true });
    const config = join(cli.folder, '.openclaw', 'orchestrator.json');
    writeFileSync(config, JSON.stringify({ namespace: 'other' }), { mode: 0o600 });
  }

  const check = await cli.json(['journal', 'check', 'journals'], {
    env: { ...env, ...(isVariable && { ORCHESTRATOR_NAMESPACE: 'other' }) },
  });

  expect(check).toMatchObject({ exit: 1, data: { namespace: null, operations: 2, left_out: 0 } });
});

test('it does not say that nothing is missing where nothing was compared', async () => {
  const cli = newCli();
  await addTask(cli);
  await cli.run([...RUN, 'true']);
  const { path, text } = journalIn(cli);
  writeFileSync(path, text.slice(0, text.indexOf('\n') + 1));

  expect(await cli.run(['journal', 'check', 'journals'])).toMatchObject({
    exit: 0,
    stdout: 'journal check: 1 journal, 0 acknowledged operations: nothing was compared\n',
  });
});

test('what cannot be read is told by its exit code, with file and line', async () => {
  const cli = newCli();
  await addTask(cli);
  await cli.run([...RUN, 'true']);
  mkdirSync(join(cli.folder, 'empty'));
  const { path, text } = journalIn(cli);

  expect(await cli.run(['journal', 'check'])).toMatchObject({ exit: 64 });
  expect(await cli.json(['journal', 'check', 'nowhere'])).toMatchObject({
    exit: 66,
    error: { code: 'JOURNAL_NOT_FOUND' },
  });
  expect(await cli.json(['journal', 'check', 'journals', 'empty'])).toMatchObject({ exit: 66 });
  writeFileSync(path, text.slice(0, -5));
  expect(await cli.run(['journal', 'check', 'journals'])).toMatchObject({ exit: 0 });
  writeFileSync(path, text.replace('"answered"', '"answ'));
  expect(await cli.json(['journal', 'check', 'journals'])).toMatchObject({
    exit: 65,
    error: {
      code: 'JOURNAL_DAMAGED',
      message: `Line 3 of ${realpathSync(path)} is not a line of a journal.`,
    },
  });
});
