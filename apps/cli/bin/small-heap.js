// Keeps the heap of a program that reads a long log, and then runs for days, near what it holds. Node lets it grow to
// several times that, and does not give it back; each thread that compiles keeps memory, too.
import { setFlagsFromString } from 'node:v8';

const FLAGS = ['--heap-growing-percent=20', '--optimize-for-size', '--no-concurrent-recompilation'];

/**
 * Some flags count only from the start of a process, so it begins again in its own place, and stays the same process.
 * Where that cannot be done, as on Windows, the others count from now on.
 */
export function keepHeapSmall() {
  if (FLAGS.every((flag) => process.execArgv.includes(flag))) return;
  try {
    process.execve(process.execPath, [process.execPath, ...process.execArgv, ...FLAGS, ...process.argv.slice(1)]);
  } catch {
    for (const flag of FLAGS) setFlagsFromString(flag);
  }
}
