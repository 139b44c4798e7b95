import type { CommandWords } from './command-words.ts';

/** One function that finds the command among the words, then describes what may follow it. */
export function zshCompletion(commands: readonly CommandWords[]): string {
  return `#compdef orchestrator
_orchestrator() {
  local path="" word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${path:+$path }$word" in
      ${commands
        .filter(({ path }) => path !== '')
        .map(({ path }) => quoted(path))
        .join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  local -a offered
  case "$path" in
${commands.map(offer).join('\n')}
  esac
  _describe 'orchestrator' offered
}
(( $+functions[compdef] )) && compdef _orchestrator orchestrator
`;
}

function offer({ path, words, flags }: CommandWords): string {
  const all = [
    ...words.map(({ word, description }) => [word, description] as const),
    ...flags.map(({ flag, description }) => [flag, description] as const),
  ];
  return `    ${path === '' ? "''" : quoted(path)}) offered=(${all.map(([word, description]) => quoted(`${word.replaceAll(':', '\\:')}:${description}`)).join(' ')}) ;;`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
