import { once } from 'node:events';
import { startProgram } from '../system/start-program.ts';

/** How long a hook may take. */
const HOOK_MS = 10_000;

/**
 * Runs the command of `--on-lost`, without a shell. It is killed after ten seconds.
 *
 * @returns what went wrong, or null
 */
export async function runHook(
  [command = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string | null> {
  try {
    const child = startProgram(command, args, {
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
