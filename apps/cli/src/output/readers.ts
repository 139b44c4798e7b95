import { EXIT_OF } from '../exit-codes.ts';

const gone = new AbortController();

/** Aborted when nothing more can be said on standard output: what would only go on talking ends then. */
export const outputEnded: AbortSignal = gone.signal;

/**
 * A reader that goes away (`| head`) ends the output, and never changes the outcome: the command runs to its end, and its own
 * exit code is what its caller goes by. Where the answer cannot be written although somebody waits for it, done is not enough.
 */
export function outliveReaders(): void {
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (gone.signal.aborted) return;
    gone.abort();
    if (error.code === 'EPIPE') return;
    process.stderr.write(
      `orchestrator: error: The answer could not be written (${error.message}); the command itself ran to its end. [OUTPUT]\n`,
    );
    process.once('exit', (code) => {
      if (code === 0) process.exitCode = EXIT_OF.OUTPUT;
    });
  });
}
