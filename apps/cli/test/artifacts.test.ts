/**
 * What tasks have made:
 * - run --artifact records each file with its size and SHA-256, and says which one is missing; the exit code decides
 * - a signal while a file is read ends the reading at once, and not the outcome; a flag without a path is refused
 * - release takes artifacts of the right form only; they are shown without secrets, and move no cursor
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { Cli, holderOf } from './support/cli.ts';
import { resultIn, Running, until } from './support/running.ts';

const SUCCEEDED = ['--outcome', 'succeeded', '--result'];

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test.concurrent('run records the files that its command leaves', { timeout: 60_000 }, async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'Build']);
  const file = join(cli.folder, 'run.json');
  const flags = ['--agent', 'a', '--artifact', 'out.txt', '--artifact', 'none.txt', '--artifact', '.'];

  const ran = await cli.run(['run', ...flags, '--result-file', file, '--', 'sh', '-c', 'printf hello > out.txt']);
  const { data } = await cli.json(['task', 'show', 't1']);
  const shown = await cli.run(['task', 'show', 't1']);

  const made = { name: 'out.txt', path: join(cli.folder, 'out.txt'), sha256: sha256('hello'), bytes: 5 };
  expect(ran.exit).toBe(0);
  expect(ran.stderr).toMatch(/the artifact none\.txt could not be read: ENOENT/);
  expect(data).toMatchObject({
    status: 'succeeded',
    result: { artifacts: [made], artifacts_missing: [{ path: 'none.txt' }, { path: '.' }] },
  });
  expect(resultIn(file)).toMatchObject({ outcome: 'succeeded', artifacts: [made] });
  expect(shown.stdout).toMatch(new RegExp(`artifact {2,}out\\.txt .*5 bytes, sha256 ${made.sha256}`));
});

test.skipIf(process.platform !== 'linux')(
  'a signal ends the reading of a file',
  { timeout: 60_000 },
  async ({ expect }) => {
    using cli = new Cli();
    await cli.run(['task', 'create', 'Build']);
    // Only its size is large.
    const script = 'echo "pid $$"; truncate -s 1T big';
    using running = new Running(cli, ['--artifact', 'big', '--', 'sh', '-c', script]);
    const files = `/proc/${running.child.pid}/fd`;
    const isRead = () => readdirSync(files).some((name) => targetOf(join(files, name)) === join(cli.folder, 'big'));

    await until(isRead);
    running.child.kill('SIGTERM');
    await once(running.child, 'exit');

    const { data } = await cli.json(['task', 'show', 't1']);
    const missing = [{ path: 'big', reason: 'SIGTERM stopped the reading' }];
    expect(data).toMatchObject({ status: 'succeeded', result: { artifacts_missing: missing } });
    const empty = await cli.run(['run', '--agent', 'a', '--artifact', '', '--', 'true']);
    expect([empty.exit, empty.stderr]).toEqual([64, expect.stringContaining('The path is empty. (--artifact)')]);
  },
);

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}

test.concurrent('artifacts are checked, and shown without harm', { timeout: 60_000 }, async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'Build']);
  const { data } = await cli.json(['claim', '--agent', 'a']);
  const release = async (artifact: object) =>
    cli.json(['release', ...holderOf(data.lease), ...SUCCEEDED, JSON.stringify({ artifacts: [artifact] })]);
  const made = {
    name: 'a\n\u001b[2Jb',
    url: 'https://me:secret@host/x?name=secret&secret#secret',
    sha256: sha256(''),
    bytes: 0,
  };

  const refused = await release({ ...made, sha256: 'abc' });
  const both = await release({ ...made, path: '/x' });
  const released = await release(made);
  const shown = await cli.run(['task', 'show', 't1']);
  const card = await cli.run(['resume', 's1', '--agent', 'a']);

  expect(refused).toMatchObject({ exit: 65, error: { code: 'INVALID_INPUT', field: 'result.artifacts[0].sha256' } });
  expect(both).toMatchObject({ error: { code: 'INVALID_INPUT', field: 'result.artifacts[0].path' } });
  expect(released.exit).toBe(0);
  for (const { stdout } of [shown, card]) {
    expect(stdout).not.toContain('secret');
    expect(stdout).not.toMatch(/[^\P{Cc}\n]/u);
  }
  expect(shown.stdout).toContain('https://host/x?name=…&…#…');
});
