import { readlinkSync } from 'node:fs';
import { keeperProgram } from './keeper.ts';

/**
 * As process 1, as in a container, this process gets every orphan as its child, and Node never asks how a child ended
 * that it did not start: they would stay as zombies. So the keeper becomes process 1 in its place. It starts this
 * program again as its child, passes signals on, reaps, and ends with its exit code.
 *
 * Call it before anything was done. It returns if this is not process 1, or if the keeper cannot be executed.
 *
 * @param descriptors what was inherited beyond 2. Such a process stays what it is: the keeper would not get them
 */
export function becomeInit(descriptors: readonly number[]): void {
  const program = keeperProgram();
  if (process.pid !== 1 || program === null || !descriptors.every(isNothing)) return;
  const [script = ''] = process.argv.slice(1, 2);
  const words = [process.execPath, ...process.execArgv, script, ...process.argv.slice(2)];
  try {
    process.execve?.(program, ['orchestrator-keeper', 'init', ...words], process.env);
  } catch {
    // It works as it is, but reaps nothing.
  }
}

/** Node itself opens `/dev/null` once more. */
function isNothing(descriptor: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`) === '/dev/null';
  } catch {
    return true;
  }
}
