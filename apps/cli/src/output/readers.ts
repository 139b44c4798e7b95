import { EXIT_OF } from '../exit-codes.ts';
import { watchReader } from './reader-watch.ts';

const gone = new AbortController();

/** Aborted when standard output cannot be written any more: then streams end. */
export const outputEnded: AbortSignal = gone.signal;

/** For a command that waits for something to print: it ends at once when its reader is gone, not at the next line. */
export function endWithReader(): void {
  watchReader(() => gone.abort());
}

/** Resolves when all that was written so far is out of this process: whether a reader has taken it. */
export function writtenSoFar(): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  process.stdout.write('', (error) => resolve(!error));
  return promise;
}

/**
 * A reader that is gone (`| head`) ends the output, but does not change the outcome: the command runs to its end with
 * its own exit code. Any other write error is reported, with exit code 74 if the command itself succeeded.
 */
export function outliveReaders(): void {
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (gone.signal.aborted) return;
    gone.abort();
    if (error.code === 'EPIPE') return;
    const problem = `The answer could not be written (${error.message}); the command itself ran to its end.`;
    process.stderr.write(`orchestrator: error: ${problem} [OUTPUT]\n`);
    process.once('exit', (code) => {
      if (code === 0) process.exitCode = EXIT_OF.OUTPUT;
    });
  });
}
