import { CommanderError } from 'commander';
import { Failure, failureOf } from './failure.ts';
import { Output, type Answer, type Format } from './output/output.ts';
import { outliveReaders } from './output/readers.ts';
import { createProgram, formatOf } from './program.ts';
import { noClaimEnv } from './views/claim-env.ts';

/** Runs one command line and answers with its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  outliveReaders();
  forgetEmptyVariables();
  let exitCode = 0;
  let said = '';
  let complaints = '';
  try {
    const words = namesNothing(argv) ? [...argv, 'status'] : argv;
    const program = await createProgram(words, {
      exit: (code) => (exitCode = code),
      say: (text) => (said += text),
      complain: (text) => (complaints += text),
    });
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    const output = new Output(formatFromWords(argv));
    if (error instanceof CommanderError && error.exitCode === 0) {
      output.answer(aboutItself(error, said.trimEnd()));
      return 0;
    }
    const failure = error instanceof CommanderError ? usageFailure(error, complaints) : failureOf(error);
    // A shell that evaluates no line goes on as if all were well.
    if (isForShell(argv)) for (const line of noClaimEnv(failure.exit)) output.line(line);
    output.failure(failure);
    return failure.exit;
  }
}

/** Help and version, which the parser writes by itself. */
function aboutItself({ code }: CommanderError, text: string): Answer {
  const isVersion = code === 'commander.version';
  return {
    kind: isVersion ? 'version' : 'help',
    data: isVersion ? { version: text } : { text },
    ids: [text],
    text: () => [text],
  };
}

/** Whether a command line has options of every command alone: then it asks for the status. */
function namesNothing(argv: readonly string[]): boolean {
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (WITH_VALUE.has(word)) at += 1;
    else if (!word.startsWith('-') || ABOUT_ITSELF.has(word)) return false;
  }
  return true;
}

const WITH_VALUE: ReadonlySet<string> = new Set(['--store', '--agent', '--instance', '--namespace', '--command-id']);
const ABOUT_ITSELF: ReadonlySet<string> = new Set(['-h', '--help', '--version', '--']);

/** A variable that is set to nothing counts as absent. */
function forgetEmptyVariables(): void {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('ORCHESTRATOR_') && process.env[name] === '') delete process.env[name];
  }
}

/** What the parser says of a command line that it does not understand. */
function usageFailure(error: CommanderError, complaints: string): Failure {
  // A command that only groups others complains with its help.
  if (error.code === 'commander.help')
    return new Failure('USAGE', 'No command is named.', { hint: 'orchestrator --help lists them.' });
  const [said = error.message, ...more] = complaints.trim().split('\n');
  return new Failure('USAGE', said.replace(/^error: /, ''), {
    hint: more.filter(Boolean).join(' '),
  });
}

/** A command line that could not be parsed still says how it wants its answer. */
function formatFromWords(argv: readonly string[]): Format {
  if (isForShell(argv)) return 'text';
  const words = wordsOf(argv);
  const json = words.includes('--json') && { json: true as const };
  const jsonl = words.includes('--jsonl') && !words.includes('create') && { jsonl: true };
  return formatOf({ ...json, ...jsonl });
}

/** Whether a shell evaluates what is printed: `eval "$(orchestrator claim --env)"`. */
function isForShell(argv: readonly string[]): boolean {
  const words = wordsOf(argv);
  return words.includes('claim') && words.includes('--env');
}

/** Without what follows `--`. */
function wordsOf(argv: readonly string[]): readonly string[] {
  return argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
}
