import { CommanderError } from 'commander';
import { Failure, failureOf } from './failure.ts';
import { Output, type Answer, type Format } from './output/output.ts';
import { refuseBrokenWords } from './input/utf8-words.ts';
import { printable } from './output/printable.ts';
import { outliveReaders } from './output/readers.ts';
import { printWarnings } from './output/warnings.ts';
import { createProgram, formatOf } from './program.ts';
import { withSandboxHint } from './sandbox-hint.ts';
import { withoutCutPassword } from './output/cut-password.ts';
import { noClaimEnv } from './views/no-claim-env.ts';

/** Runs one command line. @returns its exit code */
export async function main(argv: readonly string[]): Promise<number> {
  outliveReaders();
  printWarnings();
  forgetEmptyVariables();
  let exitCode = 0;
  let said = '';
  let complaints = '';
  try {
    refuseBrokenWords(argv);
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
    const failure =
      error instanceof CommanderError
        ? usageFailure(error, withoutCutPassword(onOneLine(complaints, argv), argv))
        : await withSandboxHint(failureOf(error));
    // Without these lines, the shell would continue as if the claim had succeeded.
    if (isForShell(argv)) for (const line of noClaimEnv(failure.exit)) output.raw(line);
    output.failure(failure);
    return failure.exit;
  }
}

/** Help and version, which the parser writes itself. */
function aboutItself({ code }: CommanderError, text: string): Answer {
  const isVersion = code === 'commander.version';
  return {
    kind: isVersion ? 'version' : 'help',
    data: isVersion ? { version: text } : { text },
    ids: text.split('\n'),
    text: () => text.split('\n'),
  };
}

/** Whether a command line names no command, only common options: then it shows the status. */
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

/** An empty variable counts as absent. But an empty token is that of a claim that was refused: it means no lease. */
function forgetEmptyVariables(): void {
  for (const name of Object.keys(process.env)) {
    const isOurs = name.startsWith('ORCHESTRATOR_') && name !== 'ORCHESTRATOR_TOKEN';
    if (isOurs && process.env[name] === '') delete process.env[name];
  }
}

/** The parser's error for a command line that it does not understand. */
function usageFailure(error: CommanderError, complaints: string): Failure {
  // For a command that only groups others, the parser's error is the help.
  if (error.code === 'commander.help')
    return new Failure('USAGE', 'No command is named.', { hint: 'orchestrator --help lists them.' });
  const [said = error.message, ...more] = complaints.trim().split('\n');
  return new Failure('USAGE', said.replace(/^error: /, ''), {
    hint: more.filter(Boolean).join(' '),
  });
}

/** What the parser said, with the words of the command line as they are shown: a line break in one begins no line. */
function onOneLine(complaints: string, argv: readonly string[]): string {
  const broken = argv.filter((word) => /[\n\r]/.test(word)).toSorted((a, b) => b.length - a.length);
  // Of `--flag=value` the parser also tells the parts.
  const parts = broken.flatMap((word) => [word, ...word.split('=', 1), word.slice(word.indexOf('=') + 1)]);
  return parts.filter(Boolean).reduce((text, word) => text.replaceAll(word, printable(word)), complaints);
}

/** The format of the answer, for a command line that could not be parsed. */
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
