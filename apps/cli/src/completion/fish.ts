import type { CommandWords } from './command-words.ts';

/** One line per word and flag, each with its condition. */
export function fishCompletion(commands: readonly CommandWords[]): string {
  return ['complete -c orchestrator -f', ...commands.flatMap(lines)].join('\n') + '\n';
}

function lines({ path, words, flags }: CommandWords): string[] {
  const where = `complete -c orchestrator -n ${quoted(
    conditionOf(
      path,
      words.map(({ word }) => word),
    ),
  )}`;
  return [
    ...words.map(({ word, description }) => `${where} -a ${word} -d ${quoted(description)}`),
    ...(path === ''
      ? []
      : flags.map(({ flag, description, takesValue, choices }) => {
          const value = takesValue ? ' -r' : '';
          const offered = choices.length > 0 ? ` -a ${quoted(choices.join(' '))}` : '';
          return `${where} -l ${flag.slice(2)} -d ${quoted(description)}${value}${offered}`;
        })),
  ];
}

function conditionOf(path: string, words: readonly string[]): string {
  if (path === '') return '__fish_use_subcommand';
  const seen = path.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
  const notYet = words.length > 0 ? [`not __fish_seen_subcommand_from ${words.join(' ')}`] : [];
  return [...seen, ...notYet].join('; and ');
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
