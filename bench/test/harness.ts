import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Result } from '../src/line.ts';

const PROGRAM = fileURLToPath(new URL('../src/index.ts', import.meta.url));
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

/** The smallest run of the bench, one round. */
export async function runBench(folder: string, args: readonly string[]): Promise<BenchRun> {
  const json = join(mkdtempSync(join(folder, 'run-')), 'results.json');
  const all = ['--smallest', '--rounds', '1', '--json', json, ...args];
  // Not `spawnSync`: the runner of the tests would take a process that does not answer for minutes for a dead one.
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--conditions=@agent-orchestrator/source', PROGRAM, ...all],
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : (error.code ?? null), stdout, stderr, results: resultsIn(json) });
      },
    );
  });
}

function resultsIn(json: string): readonly Result[] {
  try {
    return (JSON.parse(readFileSync(json, 'utf8')) as { readonly results: readonly Result[] }).results;
  } catch {
    return [];
  }
}
