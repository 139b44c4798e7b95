import { Command, Option } from 'commander';
import { Call, type CommonOptions } from './call.ts';
import type { CommandModule, Handler, Run } from './command-module.ts';
import { commands } from './commands/index.ts';
import { settingsOf, withSettings } from './configuration.ts';
import { usage } from './failure.ts';
import { Output, type Format } from './output/output.ts';
import { VERSION } from './version.ts';

/** Gets what the program does not write itself. */
export interface ProgramOutput {
  /** The exit code of a command. */
  readonly exit: (code: number) => void;
  /** Answers of the parser itself: help, the version. */
  readonly say: (text: string) => void;
  /** Errors of the parser. */
  readonly complain: (text: string) => void;
}

/** The program with the commands that `argv` can name; with all of them if it names none. */
export async function createProgram(argv: readonly string[], { exit, say, complain }: ProgramOutput): Promise<Command> {
  const program = new Command('orchestrator')
    .description(
      'The durable memory that AI agents coordinate through: claims, leases, recovery, and an append-only event log.',
    )
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: say, writeErr: complain })
    .exitOverride();
  for (const option of commonOptions()) program.addOption(option);

  const run = runner(exit);
  for (const { load } of needed(argv)) (await load()).default(program, run);
  pointToOwnHelp(program, program.name());
  return program;
}

/** After a mistyped flag, the error points to the help of that command, not to the list of all commands. */
function pointToOwnHelp(command: Command, path: string): void {
  command.showHelpAfterError(`Try: ${path} --help`);
  for (const child of command.commands) pointToOwnHelp(child, `${path} ${child.name()}`);
}

/** Only the commands that the words name: most of a short command's time is spent on loading modules. */
function needed(argv: readonly string[]): readonly CommandModule[] {
  const [first] = argv.filter((word) => !word.startsWith('-'));
  const isHelp = argv.some((word) => ['help', '--help', '-h', 'completion'].includes(word));
  if (isHelp || !commands.some(({ name }) => name === first)) return argv[0] === '--version' ? [] : commands;
  return commands.filter(({ name }) => argv.includes(name));
}

function commonOptions(): Option[] {
  return [
    new Option(
      '--store <url>',
      'store: sqlite:/path/to.db or postgres://user@host/database (default: ORCHESTRATOR_STORE, see `store path`)',
    ),
    new Option('--agent <name>', 'name of the agent').env('ORCHESTRATOR_AGENT'),
    new Option('--instance <id>', 'id of this run of the agent').env('ORCHESTRATOR_INSTANCE'),
    new Option('--namespace <name>', 'isolates projects that share a store').env('ORCHESTRATOR_NAMESPACE'),
    new Option(
      '--command-id <uuidv7>',
      'idempotency key: a retry with this id runs once (to claim, set ORCHESTRATOR_SEED too)',
    ),
    new Option('--json', 'print exactly one JSON document'),
    new Option('--quiet', 'print ids only, and on stderr what you must know to continue'),
  ];
}

function runner(exit: (code: number) => void): Run {
  return <Options extends object, Arguments extends unknown[]>(
    handler: Handler<Options, Arguments>,
    { configured = true }: { readonly configured?: boolean } = {},
  ) =>
    async (...args: unknown[]) => {
      const command = args.at(-1) as Command;
      const options = command.optsWithGlobals<Options & CommonOptions & { jsonl?: unknown }>();
      if (options.json && options.jsonl === true)
        throw usage('--json prints one document, --jsonl prints many.', 'Omit one of them.', 'json');
      const settings = configured ? await settingsOf(command) : null;
      const call = new Call<Options>(
        settings === null ? options : withSettings(options, settings),
        new Output(formatOf(options)),
        settings,
      );
      const answer = await handler(call, ...(args.slice(0, -2) as Arguments));
      if (answer === null) return;
      if (typeof answer === 'number') {
        exit(answer);
        return;
      }
      call.output.answer(answer);
      if (answer.shown !== undefined && (await call.output.taken())) await answer.shown();
      exit(answer.exit ?? 0);
    };
}

/** `task create --jsonl FILE` reads lines, `--jsonl` alone writes them. */
export function formatOf(options: { readonly json?: true; readonly quiet?: true; readonly jsonl?: unknown }): Format {
  if (options.json) return 'json';
  if (options.jsonl === true) return 'jsonl';
  return options.quiet ? 'quiet' : 'text';
}
