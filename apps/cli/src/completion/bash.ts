import type { CommandWords } from './command-words.ts';

/** Finds the command in the words before the cursor, and offers the words that can follow it. */
export function bashCompletion(commands: readonly CommandWords[]): string {
  const valued = [
    ...new Set(commands.flatMap(({ flags }) => flags.filter(({ takesValue }) => takesValue).map(({ flag }) => flag))),
  ];
  return `_orchestrator() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" word skip="" at
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${COMP_WORDS[at]}"
    if [[ -n $skip ]]; then skip=""; continue; fi
    case "$word" in
      ${valued.join('|')}) skip=1 ;;
      -*) ;;
      *) case "\${path:+$path }$word" in
        ${commands
          .filter(({ path }) => path !== '')
          .map(({ path }) => `'${path}'`)
          .join('|')}) path="\${path:+$path }$word" ;;
      esac ;;
    esac
  done
  local offered=""
  case "$path:$previous" in
${commands.flatMap(choiceCases).join('\n')}
    *) case "$path" in
${commands.map(offerCase).join('\n')}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$offered" -- "$current"))
}
complete -o default -F _orchestrator orchestrator
`;
}

function offerCase({ path, words, flags }: CommandWords): string {
  const offered = [...words.map(({ word }) => word), ...flags.map(({ flag }) => flag)];
  return `      '${path}') offered="${offered.join(' ')}" ;;`;
}

function choiceCases({ path, flags }: CommandWords): string[] {
  return flags
    .filter(({ choices }) => choices.length > 0)
    .map(({ flag, choices }) => `    '${path}:${flag}') offered="${choices.join(' ')}" ;;`);
}
