import type { Command } from 'commander';
import { usage } from '../failure.ts';
import { EXIT_CODES, EXIT_OF, OTHER_EXIT_CODES } from '../exit-codes.ts';
import type { Answer } from '../output/output.ts';
import { table } from '../output/table.ts';
import type { Define } from '../command-module.ts';

const define: Define = (program, run) => {
  program
    .command('help')
    .description('show help on a command or a topic: exit-codes, limits')
    .argument('[words...]', 'a command, exit-codes or limits')
    .action(run<object, [string[]]>(async (_call, words) => help(program, words), { configured: false }));
};

export default define;

async function help(program: Command, words: readonly string[]): Promise<Answer> {
  const [topic = ''] = words;
  if (topic === 'exit-codes') return exitCodes();
  if (topic === 'limits') return limits();
  const text = commandNamed(program, words).helpInformation().trimEnd();
  return { kind: 'help', data: { text }, ids: [], text: () => text.split('\n') };
}

function commandNamed(program: Command, words: readonly string[]): Command {
  let command = program;
  for (const word of words) {
    const child = command.commands.find((one) => one.name() === word);
    if (child === undefined)
      throw usage(
        `There is no command or topic \`${words.join(' ')}\`.`,
        'orchestrator --help lists the commands; topics are exit-codes and limits.',
        'words',
      );
    command = child;
  }
  return command;
}

function exitCodes(): Answer {
  const rows = Object.entries(EXIT_CODES).map(([code, means]) => {
    const codes = Object.entries(EXIT_OF).filter(([, exit]) => String(exit) === code);
    return { exit: Number(code), means, codes: codes.map(([name]) => name) };
  });
  return {
    kind: 'exit_codes',
    data: rows,
    ids: rows.map(({ exit }) => String(exit)),
    text: (paint) => [
      ...table(
        ['EXIT', 'MEANS'],
        rows.flatMap(({ exit, means, codes }) => [
          [String(exit), means],
          ...(codes.length === 0 ? [] : [['', paint('dim', codes.join(' '))]]),
        ]),
        paint,
      ),
      '',
      OTHER_EXIT_CODES,
    ],
  };
}

async function limits(): Promise<Answer> {
  const { DEFAULTS, LIMITS } = await import('@agent-orchestrator/runtime');
  return {
    kind: 'limits',
    data: { limits: LIMITS, defaults: DEFAULTS },
    ids: Object.keys(LIMITS),
    text: (paint) => [
      ...table(['LIMIT', 'VALUE'], rows(LIMITS), paint),
      '',
      ...table(['DEFAULT', 'VALUE'], rows(DEFAULTS), paint),
    ],
  };
}

function rows(values: Readonly<Record<string, string | number>>): string[][] {
  return Object.entries(values).map(([name, value]) => [name, String(value)]);
}
