import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { expect } from 'vitest';

const SOURCE = '--conditions=@agent-orchestrator/source';

/** A program of its own: two openings in one process share SQLite's view of the file. @returns what it wrote */
export function inAnotherProcess(program: string, before: readonly string[] = []): string {
  const words = [...before, process.execPath, SOURCE, '--input-type=module', '-e', program];
  const { stdout, stderr } = spawnSync('env', words, { cwd: import.meta.dirname, encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.trim();
}
