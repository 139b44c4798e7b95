#!/usr/bin/env bash
# Two agents and their owner bring a parser from the first line to production. What they know of each other is in the
# store, and nowhere else. Plays all steps, or those that are named: ./story.sh plan ask answer
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# Whatever is written goes into one folder: the parser, the owner's key, and the store, unless another one is named.
unset "${!ORCHESTRATOR_@}"
export STORY=${STORY:-$PWD/story}
export OPENCLAW_STATE_DIR=$STORY
export ORCHESTRATOR_STORE=${STORY_STORE:-sqlite:$STORY/store.db}
mkdir -p "$STORY"

STEPS=(plan ask answer dies continues own_work changes improves approves hands_over proposes pretends signs deploys
  looks_back)

# Each step is a subshell, and one person or agent types in it.
plan() (
  as 재규
  types orchestrator agent register 회사재규 --role builder --role reviewer --machine office
  types orchestrator agent register 집재규 --role reviewer --machine home
  types orchestrator agent register 재규 --role owner --human
  # A script has to have the passphrase in a file, or in a variable. At a terminal, the command asks for it.
  printf 'a passphrase for the story\n' >"$STORY/passphrase"
  types orchestrator agent key create 재규 --passphrase-file "$STORY/passphrase"
  types orchestrator agent policy --signed-role owner
  types orchestrator task create 'Write the parser' --id parser --role builder --review-role reviewer
  types orchestrator task create 'Release version 1' --id version-1 --role builder --review-role owner \
    --depends-on parser
  types orchestrator task create 'Deploy version 1' --id deploy --role builder --depends-on version-1
)

ask() (
  as 회사재규
  claims
  types orchestrator checkpoint --last-action 'read the grammar' --next-action 'write the lexer'
  types orchestrator release --outcome waiting --ask 'Shall the parser be strict?' --to-role owner
)

answer() (
  as 재규
  types orchestrator ask list
  types orchestrator answer parser 'Yes: it refuses what it does not know.'
)

dies() (
  as 회사재규
  show ./write-parser.sh '&'
  set -m # The script gets a process group of its own, so that the kill takes all that it has started.
  ./write-parser.sh >"$STORY/first-run.txt" &
  until grep -q 'part 2' "$STORY/first-run.txt"; do sleep 0.05; done
  cat "$STORY/first-run.txt"
  show kill -9
  kill -9 -- -$!
  wait $! 2>/dev/null || true
)

continues() (
  as 회사재규
  types orchestrator resume
  types ./write-parser.sh
)

own_work() (
  as 회사재규
  refuses 77 orchestrator approve parser
)

changes() (
  as 집재규
  claims
  types orchestrator resume
  types orchestrator release --outcome changes_requested --note 'Say in which line the mistake is.'
)

improves() (
  as 회사재규
  claims
  types orchestrator resume
  printf 'the messages, strict, with the line\n' >"$STORY/parser/messages"
  types orchestrator release --outcome succeeded --result '{"parts":4,"lines":true}'
)

approves() (
  as 집재규
  claims
  types orchestrator release --outcome approved
)

hands_over() (
  as 회사재규
  claims
  types orchestrator checkpoint --last-action 'packed version 1'
  types orchestrator release --outcome handed_off --to 집재규 --note 'Packed. You guard what leaves the house.'
)

proposes() (
  as 집재규
  claims
  types orchestrator release --outcome succeeded --result '{"version":1}'
)

# Any process can give the name of the owner, and may even know the passphrase. The key is on the owner's machine.
pretends() (
  as 회사재규
  export OPENCLAW_STATE_DIR=$STORY/office
  refuses 66 orchestrator approve version-1 --agent 재규 --passphrase-file "$STORY/passphrase"
)

signs() (
  as 재규
  types orchestrator task graph deploy
  types orchestrator approve version-1 --passphrase-file "$STORY/passphrase"
)

deploys() (
  as 회사재규
  types orchestrator why deploy
  claims
  types orchestrator release --outcome succeeded
)

looks_back() (
  as 재규
  types orchestrator events --after 0 --limit 100
  types orchestrator verify
)

as() { export ORCHESTRATOR_AGENT=$1; }

# Shows a command after the name of who types it.
show() {
  local word
  printf '\n%s$' "$ORCHESTRATOR_AGENT"
  for word; do
    if [[ $word == *[\ \"]* ]]; then word="'$word'"; fi
    printf ' %s' "$word"
  done
  printf '\n'
}

types() {
  show "$@"
  "$@"
}

# Takes the next task. Its token, which proves the lease to the commands that follow, is in the environment.
claims() {
  printf '\n%s$ eval "$(orchestrator claim --env)"\n' "$ORCHESTRATOR_AGENT"
  eval "$(orchestrator claim --env)"
}

# A command that has to be refused with this exit code.
refuses() {
  local expected=$1 exit=0
  shift
  show "$@"
  "$@" 2>&1 || exit=$?
  if ((exit != expected)); then
    printf 'exit code %d instead of %d\n' "$exit" "$expected" >&2
    exit 1
  fi
}

if (($# == 0)); then set -- "${STEPS[@]}"; fi
for step; do
  if [[ " ${STEPS[*]} " != *" $step "* ]]; then
    printf 'No step is called %s. There are: %s\n' "$step" "${STEPS[*]}" >&2
    exit 64
  fi
done
for step; do "$step"; done
