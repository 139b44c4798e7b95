/*
 * What claims left behind in a terminal session:
 *  - a lease is kept while the session lives, until it is released with its very token
 *  - what is no whole record of ours counts as a lease whose token is unknown, so that no other one is found alone
 *  - where nothing can be written, the claim says that an earlier lease is there, and no token is found
 *  - of sessions that cannot be judged, the old ones are removed
 */
import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('programs/terminal.ts', import.meta.url));
/** Root may write everywhere. */
const USER = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : null;

test('a lease is kept while its session lives; what is no whole record counts, and is not touched', () => {
  const home = mkdtempSync(join(tmpdir(), 'terminal-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  if (USER !== null) chownSync(home, USER.uid, USER.gid);

  const words = ['setsid', process.execPath, '--conditions=@agent-orchestrator/source', PROGRAM];
  const env = { PATH: process.env['PATH'], HOME: home };
  const { stdout, stderr } = spawnSync('env', words, { env, encoding: 'utf8', ...USER });

  expect(stderr).toBe('');
  const [first, unknown] = [
    [1, true],
    [2, false],
  ];
  expect(JSON.parse(stdout)).toEqual({
    alone: 'found',
    whenFull: ['not found', first, unknown],
    shapes: [[first, [2, true], 1], ...Array.from({ length: 6 }, () => [first, unknown, 2])],
    whenReadOnly: ['another found', [1, false]],
    several: 'not found',
    kept: [false, true],
    forgotten: [2, 1],
  });
});
