import {
  spawn,
  spawnSync,
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  type SpawnOptions,
} from 'node:child_process';
import { withoutSecrets } from './secret-variables.ts';

/** How a program is started; its environment is named by each caller. */
export type StartProgram = SpawnOptions & { readonly env: NodeJS.ProcessEnv };

/**
 * Starts a program without a shell. Lint refuses other imports of `child_process`, so no program gets a secret of this
 * process.
 */
export function startProgram(
  program: string,
  words: readonly string[],
  options: StartProgram & { readonly stdio: 'pipe' },
): ChildProcessWithoutNullStreams;
export function startProgram(program: string, words: readonly string[], options: StartProgram): ChildProcess;
export function startProgram(program: string, words: readonly string[], options: StartProgram): ChildProcess {
  return spawn(program, words, { ...options, env: withoutSecrets(options.env) });
}

/** Runs a program that needs nothing, and waits for its end. @returns its exit code; null: it did not exit by itself */
export function exitCodeOf(program: string): number | null {
  return spawnSync(program, { stdio: 'ignore', env: {} }).status;
}
