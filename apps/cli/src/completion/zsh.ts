import type { CommandWords } from './command-words.ts';

/** One function that finds the command in the words, and describes the words that can follow it. */
export function zshCompletion(commands: readonly CommandWords[]): string {
  // The name `path` is reserved: zsh ties it to PATH.
  return `#compdef orchestrator
_orchestrator() {
  local where="" word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${where:+$where }$word" in
      ${commands
        .filter(({ path }) => path !== '')
        .map(({ path }) => quoted(path))
        .join('|')}) where="\${where:+$where }$word" ;;
    esac
  done
  local -a offered
  case "$where:\${words[CURRENT-1]}" in
${commands.flatMap(offerChoices).join('\n')}
    *) case "$where" in
${commands.map(offer).join('\n')}
    esac ;;
  esac
  _describe 'orchestrator' offered
}
if (( $+functions[compdef] )); then compdef _orchestrator orchestrator; fi
`;
}

function offerChoices({ path, flags }: CommandWords): string[] {
  return flags
    .filter(({ choices }) => choices.length > 0)
    .map(({ flag, choices }) => `    ${quoted(`${path}:${flag}`)}) offered=(${choices.map(quoted).join(' ')}) ;;`);
}

function offer({ path, words, flags }: CommandWords): string {
  const described = [
    ...words.map(({ word, description }) => [word, description] as const),
    ...flags.map(({ flag, description }) => [flag, description] as const),
  ];
  const offered = described.map(([word, description]) => quoted(description === '' ? word : `${word}:${description}`));
  return `      ${quoted(path)}) offered=(${offered.join(' ')}) ;;`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
