import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** All that is measured, and not what recording itself changes: so all parts of a recording name the same commit. */
const MEASURED = ['--', '.', ':(exclude)bench/recorded.json', ':(exclude)bench/README.md'] as const;

export interface Commit {
  readonly id: string;
  /** Whether files were changed since. */
  readonly isChanged: boolean;
}

/** The commit of the code that runs; null: there is no git, or no repository. */
export function commitHere(): Commit | null {
  const id = git('log', '-1', '--format=%h');
  return id === '' ? null : { id, isChanged: git('status', '--porcelain') !== '' };
}

/** With a plus if files were changed since. */
export function commitText(commit: Commit | null): string {
  if (commit === null) return 'unknown';
  return commit.isChanged ? `${commit.id}+` : commit.id;
}

function git(...args: readonly string[]): string {
  const { status, stdout } = spawnSync('git', [...args, ...MEASURED], { cwd: ROOT, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
}
