import { CommanderError } from 'commander';
import { Failure, failureOf } from './failure.ts';
import { Output } from './output/output.ts';
import { createProgram, formatOf } from './program.ts';

/** Runs one command line and answers with its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  endQuietlyWithoutReaders();
  let exitCode = 0;
  const complaints: string[] = [];
  try {
    const ending = { exit: (code: number) => (exitCode = code), complain: (text: string) => complaints.push(text) };
    const program = await createProgram(argv, ending);
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const failure = error instanceof CommanderError ? usageFailure(error, complaints) : failureOf(error);
    new Output(formatFromWords(argv)).failure(failure);
    return failure.exit;
  }
}

/** What the parser says of a command line that it does not understand. */
function usageFailure(error: CommanderError, complaints: readonly string[]): Failure {
  const [said = error.message, ...more] = complaints.join('').trim().split('\n');
  if (error.code === 'commander.help')
    return new Failure('USAGE', 'No command is named.', { hint: 'orchestrator --help lists them.' });
  return new Failure('USAGE', said.replace(/^error: /, ''), {
    hint: more.filter(Boolean).join(' ') || 'Try: orchestrator --help',
  });
}

/** A command line that could not be parsed still says how it wants its answer. */
function formatFromWords(argv: readonly string[]) {
  const words = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const json = words.includes('--json') && { json: true as const };
  const jsonl = words.includes('--jsonl') && !words.includes('create') && { jsonl: true };
  return formatOf({ ...json, ...jsonl });
}

/** Whoever reads us may stop reading (`| head`): that is no error. */
function endQuietlyWithoutReaders(): void {
  process.stdout.on('error', endOnBrokenPipe);
  process.stderr.on('error', endOnBrokenPipe);
}

function endOnBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
}
