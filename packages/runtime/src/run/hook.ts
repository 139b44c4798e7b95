import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A hook may take so long. */
const HOOK_MS = 10_000;

/**
 * Runs a command that somebody wants to be told by. No shell; after ten seconds it is ended.
 *
 * @returns what went wrong, or null
 */
export async function runHook(
  [command = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string | null> {
  try {
    const child = spawn(command, args, {
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: HOOK_MS,
      killSignal: 'SIGKILL',
    });
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    return code === 0 ? null : `${command} ended with ${signal ?? `exit code ${code}`}`;
  } catch (error) {
    return `${command} could not be started: ${(error as Error).message}`;
  }
}
