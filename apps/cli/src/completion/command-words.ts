import type { Command } from 'commander';

/** What can follow a command: the words of subcommands or choices, and flags. */
export interface CommandWords {
  /** `''` for the program itself, `task create` for a command of a group. */
  readonly path: string;
  /** Subcommands, or the choices of the first argument. */
  readonly words: readonly { readonly word: string; readonly description: string }[];
  readonly flags: readonly {
    readonly flag: string;
    readonly description: string;
    readonly takesValue: boolean;
    readonly choices: readonly string[];
  }[];
}

/** Everything that can be completed, from the definition of the program; without hidden options. */
export function commandWords(program: Command): CommandWords[] {
  const common = flagsOf(program).filter(({ flag }) => flag !== '--version');
  return walk(program, '', common);
}

function walk(command: Command, path: string, common: CommandWords['flags']): CommandWords[] {
  const children = command.createHelp().visibleCommands(command);
  const choices = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
  const own: CommandWords = {
    path,
    words:
      children.length > 0
        ? children.map((child) => ({ word: child.name(), description: child.summary() || child.description() }))
        : choices.map((word) => ({ word, description: '' })),
    flags: path === '' ? flagsOf(command) : [...flagsOf(command), ...common],
  };
  return [
    own,
    ...children.flatMap((child) => walk(child, path === '' ? child.name() : `${path} ${child.name()}`, common)),
  ];
}

function flagsOf(command: Command): CommandWords['flags'] {
  return command.options.flatMap(({ long, description, required, optional, hidden, argChoices = [] }) =>
    long && !hidden ? [{ flag: long, description, takesValue: required || optional, choices: argChoices }] : [],
  );
}
