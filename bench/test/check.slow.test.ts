/*
 * - a task takes no more bytes, a unit of work no more pages and no more of the server's log than was recorded, with a
 *   margin of 30 %, and no more than twice the processor time; each as a ratio to the floor that is measured beside it
 *
 * Rates are not compared here: on a machine that runs other tests they would fail without a cause. All ratios are
 * compared by `npm run bench -- --check`.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../src/index.ts', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url));
const ROUNDS = 3;
/** Three times as many rounds where a ratio is missed, on a machine that does much else. */
const LIMIT_MS = 900_000;

interface Run {
  readonly code: number | string | null;
  /** Of standard output and of standard error. */
  readonly texts: readonly [string, string];
}

/** Its server's processor time is read from /proc, and its program is run by Node as it stands. */
const [major = 0] = process.versions.node.split('.').map(Number);
const reason = process.platform !== 'linux' ? 'needs Linux' : major < 24 ? 'needs Node 24' : undefined;

test.skipIf(reason !== undefined)(
  `the product costs no more than recorded${reason === undefined ? '' : ` (left out: ${reason})`}`,
  { timeout: LIMIT_MS },
  async () => {
    mkdirSync(CACHE, { recursive: true });
    const json = join(mkdtempSync(join(CACHE, 'bench-check-')), 'results.json');
    const args = ['--check', '--short', '--rounds', String(ROUNDS), '--json', json];

    // Not `spawnSync`: the runner of the tests would take a process that does not answer for minutes for a dead one.
    const run = await new Promise<Run>((resolve) => {
      execFile(process.execPath, ['--conditions=@agent-orchestrator/source', PROGRAM, ...args], (error, ...texts) => {
        resolve({ code: error === null ? 0 : (error.code ?? null), texts });
      });
    });

    rmSync(dirname(json), { recursive: true, force: true });
    const [, progress] = run.texts;
    // What it said, so that a failure shows which ratio was missed.
    expect(run.code === 0 ? 'passed' : run.texts.join('\n')).toBe('passed');
    expect(progress).toContain('sqlite-size, round 1');
    expect(progress).toContain('postgres-work, round 1');
  },
);
