/*
 * What claims left behind in a terminal session:
 *  - a lease whose token could not be written counts as one of several: no earlier one is found alone
 *  - a lease is kept for a day after the TTL of its last renewal, and removed by a later claim
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('programs/terminal.ts', import.meta.url));

test('a lease counts though its token could not be written, and for a day after its TTL', () => {
  const home = mkdtempSync(join(tmpdir(), 'terminal-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));

  const words = ['setsid', process.execPath, '--conditions=@agent-orchestrator/source', PROGRAM];
  const env = { PATH: process.env['PATH'], HOME: home };
  const { stdout, stderr } = spawnSync('env', words, { env, encoding: 'utf8' });

  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({
    counts: [1, 0, 1],
    whenFull: [
      [1, true],
      [2, false],
    ],
    nextDay: [[1, true]],
    dayAfter: [],
    renewed: [[1, true]],
    files: 1,
  });
});
