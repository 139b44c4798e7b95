/*
 * The secret of a lease is told to its holder alone:
 *  - the answer of the claim shows it, and so does what a release claimed next; no other output does, in text or JSON,
 *    of a lease that is held, and of one that was lost
 *  - nor do the store's files, a backup of it, or the doctor's bundle, even where the token is in the environment
 *  - a password in a mistyped command line comes back in no error
 *  - `run` gives it to its command, and shows it neither in what it says nor in the result file
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { Cli, holderOf } from './support/cli.ts';

/** What can be asked of a store. */
const QUESTIONS = [
  ['status'],
  ['events', '--after', '0'],
  ['events', '--session', 's'],
  ['why', 's'],
  ['why', 'the-task'],
  ['why', 'agent', 'a'],
  ['since', '0'],
  ['resume', '--agent', 'a'],
  ['resume', 's'],
  ['task', 'show', 'the-task'],
  ['task', 'list'],
  ['session', 'show', 's'],
  ['session', 'list'],
  ['recover'],
  ['verify'],
  ['doctor'],
  ['store', 'check'],
  ['config', 'list'],
];

/** Everything that is said in answer to them, a few at a time. */
async function answers(cli: Cli, forms: readonly (readonly string[])[], env: Readonly<Record<string, string>>) {
  const asked = QUESTIONS.flatMap((words) => forms.map((form) => [...words, ...form])).values();
  const said: string[] = [];
  const askAll = async () => {
    for (const words of asked) {
      const { exit, stdout, stderr } = await cli.run(words, { env });
      if (exit !== 0 && exit !== 1) throw new Error(`${words.join(' ')}: ${stdout}${stderr}`);
      said.push(stdout, stderr);
    }
  };
  await Promise.all([askAll(), askAll()]);
  return said.join('\n');
}

/** All bytes of all files in the folder, but for those that are there to keep a token. */
function filesIn(cli: Cli): string {
  const files = readdirSync(cli.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const names = files.filter((entry) => !entry.parentPath.startsWith(join(cli.folder, '.openclaw', 'terminals')));
  return names.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1')).join('\n');
}

test.concurrent('the answer of the claim alone shows the token', { timeout: 120_000 }, async ({ expect }) => {
  using cli = new Cli();
  for (const id of ['the-task', 'next']) await cli.run(['task', 'create', 'x', '--id', id, '--session', 's']);

  const claimed = await cli.json(['claim', '--agent', 'a', '--instance', 'i', '--ttl', '2s', '--stale-after', '1s']);
  const { fence, token } = claimed.data.lease;
  const secret = token.slice(token.indexOf('-') + 1);
  const worked = [
    await cli.run(['heartbeat', ...holderOf({ token }), '--progress', '1']),
    await cli.run(['checkpoint', ...holderOf({ token }), '--next-action', 'x', '--json']),
  ];
  const held = await answers(cli, [[], ['--json']], { ORCHESTRATOR_TOKEN: token });
  const bundle = join(cli.folder, 'bundle.json');
  await cli.run(['doctor', '--bundle', bundle], { env: { ORCHESTRATOR_TOKEN: token } });
  await cli.run(['store', 'backup', join(cli.folder, 'backup.db')]);
  const next = await cli.json(['claim', '--agent', 'b', '--session', 's', '--wait', '15s']);
  const late = [
    await cli.run(['checkpoint', ...holderOf({ token })]),
    await cli.run(['release', ...holderOf({ token }), '--outcome', 'succeeded', '--json']),
  ];
  const lost = await answers(cli, [['--json']], {});
  const released = await cli.run(['release', ...holderOf(next.data.lease), '--outcome', 'succeeded', '--json']);
  const after = await cli.json(['claim', '--agent', 'b']);
  const further = await cli.run([
    'release',
    '--agent',
    'b',
    ...holderOf(after.data.lease),
    '--outcome',
    'released',
    '--json',
  ]);

  expect(secret).toMatch(/^[0-9a-f]{32}$/);
  expect(worked.map(({ exit }) => exit)).toEqual([0, 0]);
  expect(late.map(({ exit }) => exit)).toEqual([77, 77]);
  expect(late.map(({ stdout, stderr }) => stdout + stderr)).toEqual(
    late.map(() => expect.stringContaining(String(fence))),
  );
  const told = [...worked, ...late, released, further].map(({ stdout, stderr }) => stdout + stderr);
  for (const text of [...told, held, lost, filesIn(cli)]) {
    expect(text.includes(secret), `the secret is in: ${text.slice(0, 200)}`).toBe(false);
    expect(text).not.toContain(next.data.lease.token.split('-')[1]);
  }
  expect(held, 'the fence is public').toContain(String(fence));
  expect(readFileSync(bundle, 'utf8')).toContain('ORCHESTRATOR_TOKEN');
  expect(readFileSync(bundle, 'utf8')).not.toContain('token_hash');
});

test.concurrent('what a release claimed next comes with its token', async ({ expect }) => {
  using cli = new Cli();
  for (const title of ['one', 'two', 'three']) await cli.run(['task', 'create', title]);
  const { lease } = (await cli.json(['claim', '--agent', 'a'])).data;

  const text = await cli.run(['release', '--agent', 'a', ...holderOf(lease), '--outcome', 'succeeded', '--claim-next']);
  const [token = ''] = /\d{16}-[0-9a-f]{32}/.exec(text.stdout + text.stderr) ?? [];
  const again = await cli.json(['release', '--agent', 'a', '--token', token, '--outcome', 'succeeded', '--claim-next']);

  expect([text.exit, again.exit]).toEqual([0, 0]);
  expect(token).not.toBe(lease.token);
  expect(again.data['next']).toMatchObject({ lease: { token: expect.stringMatching(/^\d{16}-[0-9a-f]{32}$/) } });
});

test
  .skipIf(process.platform === 'win32')
  .concurrent('run gives the token to its command, and shows it to no other reader', async ({ expect }) => {
    using cli = new Cli();
    await cli.run(['task', 'create', 'x', '--session', 's']);
    const script = 'printf %s "$ORCHESTRATOR_TOKEN" >&3; exit 3';
    const words = ['run', '--agent', 'a', '--result-file', 'result.json', '--'];

    const { exit, stdout, stderr } = await cli.run([...words, 'sh', '-c', `exec 3>token; ${script}`]);

    const token = readFileSync(join(cli.folder, 'token'), 'utf8');
    const [fence = '', secret = ''] = token.split('-');
    const result = readFileSync(join(cli.folder, 'result.json'), 'utf8');
    expect([exit, token]).toEqual([3, expect.stringMatching(/^\d{16}-[0-9a-f]{32}$/)]);
    expect(result).toContain(`"fence":${fence}`);
    expect(result + stdout + stderr).not.toContain(secret);
  });

test.concurrent.for([
  ['postgres://me:hunter2@host/db'],
  ['--sotre=postgres://me:hunter2@host/db', 'status'],
  ['move', 'postgres://me:hun/ter2@hunter2@host/db'],
  ['help', 'postgres//me:hunter2@host/db'],
  ['help', 'postgres:me:hunter2@host/db'],
  ['help', 'postgres:/me:hunter2@host/db'],
  ['help', 'me:hunter2@host/db'],
  ['help', 'postgres:/me:hunter2@host'],
  ['help', 'postgres://me:hunter2@host'],
  ['help', 'postgres:me:hunter2@host'],
  ['help', 'postgresql:me:hunter2@host'],
  ['postgre:me:hunter2@host'],
  ['help', 'me:hunter2@host'],
  ['help', 'postgres://me:hun ter2@host/db'],
  ['help', 'postgres:me:hun ter2@host'],
  ['help', 'postgres://me:h@hun ter2@host'],
  ['help', 'postgres://me:hunter2'],
  ['task', 'show', 'postgres://me:hunter2@host'],
  ['task', 'show', 'postgres:me:hunter2@host'],
  ['task', 'show', 'postgres://me:hun ter2@host/db'],
  ['--store', 'postgres://me:an', 'hun@ter2@host/db', 'status'],
  ['--store=postgres://me:an', 'hun', 'ter2@host/db', 'status'],
  ['status', '--store', 'postgres://me:an', 'hunter2@host/db'],
  ['status', '--store', 'postgres:me:an', 'hunter2@host/db'],
  ['status', '--store', 'postgres:/me:an', 'hunter2@host/db'],
  ['status', '--store', 'me:an', 'hunter2@host/db'],
  ['status', '--store', 'postgres://me@corp:an', 'hunter2@host/db'],
  ['status', '--store', 'postgres://me:an', 'x@rds', 'hunter2@host/db'],
  ['status', '--store', 'postgres://me:an', 'hu', 'hunter2@host/db'],
  ['status', '--store', 'postgres://host/db?user=me&password=an', 'hunter2'],
  ['postgres://host/db?user=me&password=hunter2'],
  ['status', '--store', 'host=h password=hunter2 dbname=x'],
  ['task', 'show', 'x', '--store', 'postgre:/me:hunter2@host/db'],
  ['status', '--store', 'postgres://me%253ahunter2@host/db'],
])('a password in a mistyped command line comes back in no error: %j', async (words, { expect }) => {
  using cli = new Cli();

  for (const form of [[], ['--json']]) {
    const { exit, stdout, stderr } = await cli.run([...words, ...form]);

    expect(exit).not.toBe(0);
    expect(stdout + stderr).not.toMatch(/hun|ter2/u);
  }
});

test.concurrent.for(['mail:inbox:bob@example.com', 'agent:main:whatsapp:group:120363@g.us'])(
  'an id that looks a little like an address is told as it is: %s',
  async (id, { expect }) => {
    using cli = new Cli();
    await cli.run(['task', 'create', 'x']);

    const { stderr } = await cli.run(['task', 'show', id]);

    expect(stderr).toContain(id);
  },
);
