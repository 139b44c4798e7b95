import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { MeasuredCase, Result } from '../src/line.ts';

const PROGRAM = fileURLToPath(new URL('../src/index.ts', import.meta.url));
/** Beyond this the test would end without the run. */
const RUN_LIMIT_MS = 540_000;
const CACHE = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url));

/** A folder that goes with the test. */
export function newFolder() {
  mkdirSync(CACHE, { recursive: true });
  const path = mkdtempSync(join(CACHE, 'bench-test-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export interface BenchRun {
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** As the run wrote them; none if it ended before. */
  readonly results: readonly Result[];
}

/** The smallest run of the bench, one round; it is interrupted once it says `abortAt`. */
export async function runBench(
  folder: string,
  args: readonly string[],
  { abortAt }: { readonly abortAt?: string } = {},
): Promise<BenchRun> {
  const json = join(mkdtempSync(join(folder, 'run-')), 'results.json');
  const all = ['--smallest', '--rounds', '1', '--json', json, ...args];
  // Not `spawnSync`: the runner of the tests would take a process that does not answer for minutes for a dead one.
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--conditions=@agent-orchestrator/source', PROGRAM, ...all],
      // Ended by SIGTERM, it takes its processes and stores with it.
      { timeout: RUN_LIMIT_MS },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : (error.code ?? null), stdout, stderr, results: resultsIn(json) });
      },
    );
    child.stderr?.on('data', (said: unknown) => {
      if (abortAt !== undefined && String(said).includes(abortAt)) child.kill('SIGTERM');
    });
  });
}

function resultsIn(json: string): readonly Result[] {
  try {
    const { cases } = JSON.parse(readFileSync(json, 'utf8')) as { readonly cases: readonly MeasuredCase[] };
    return cases.flatMap(({ results }) => results);
  } catch {
    return [];
  }
}
