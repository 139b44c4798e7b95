/*
 * The files that a command was to leave:
 *  - a file that grows while it is read is recorded as it was when the reading began
 *  - a pipe and a device are refused, and never waited for
 *  - a file that says a length that is not its own, as those of the kernel do, is not recorded by that length
 *  - a name is a path as everywhere: from the home folder; what is no path is refused
 *  - once the reading is stopped, what was not read whole is missing, and the reason says why
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { artifactAt, ExpectedFiles } from '../src/run/artifacts.ts';

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'expected-files-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('a file that grows while it is read is recorded as it was at first', async () => {
  const path = join(newFolder(), 'log');
  const content = Buffer.alloc(1_000_000, 'x');
  writeFileSync(path, content);
  const files = new ExpectedFiles([path]);

  const reading = files.read();
  const isGrowing = setInterval(() => appendFileSync(path, content), 0);
  await reading.finally(() => clearInterval(isGrowing));

  const { bytes = 0, sha256 } = files.left.artifacts[0] ?? {};
  expect(statSync(path).size).toBeGreaterThan(bytes);
  expect(sha256).toBe(createHash('sha256').update(readFileSync(path).subarray(0, bytes)).digest('hex'));
});

test.skipIf(process.platform === 'win32')('a pipe and a device are refused', async () => {
  const path = join(newFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  const files = new ExpectedFiles([path, '/dev/zero']);

  await files.read();

  const reason = 'it is not a regular file';
  expect(files.left.artifactsMissing).toEqual([
    { path, reason },
    { path: '/dev/zero', reason },
  ]);
});

test.runIf(process.platform === 'linux')('a file that says another length than it has is missing', async () => {
  const files = new ExpectedFiles(['/proc/version', '/sys/kernel/mm/transparent_hugepage/enabled']);

  await files.read();

  expect(files.left.artifacts).toEqual([]);
  const reasons = files.left.artifactsMissing.map(({ reason }) => reason);
  expect(reasons).toEqual(['it does not say how long it is', expect.stringMatching(/shorter than it says|ENOENT/u)]);
});

test('a name is a path as everywhere', async () => {
  const home = newFolder();
  writeFileSync(join(home, 'out.txt'), 'x');
  vi.stubEnv('HOME', home);
  onTestFinished(() => void vi.unstubAllEnvs());
  const files = new ExpectedFiles(['~/out.txt']);

  await files.read();

  expect(files.left.artifacts).toMatchObject([{ name: '~/out.txt', path: join(home, 'out.txt'), bytes: 1 }]);
  for (const name of ['', '"out.txt"', 'file:///out.txt', '${OUT}/out.txt'])
    expect(() => artifactAt(name, { sha256: '', bytes: 0 })).toThrow(/^The path /);
});

test('once the reading is stopped, what was not read is missing', async () => {
  const [first, second] = ['first', 'second'].map((name) => join(newFolder(), name)) as [string, string];
  for (const path of [first, second]) writeFileSync(path, '');
  truncateSync(first, 2 ** 40);
  const files = new ExpectedFiles([first, second]);
  files.stop('too early');

  const reading = files.read();
  files.stop('SIGTERM stopped the reading');
  await reading;

  const reason = 'SIGTERM stopped the reading';
  expect(files.left).toEqual({
    artifacts: [],
    artifactsMissing: [
      { path: first, reason },
      { path: second, reason },
    ],
  });
});
