#!/usr/bin/env bash
# What 회사재규 runs to write the parser, part by part. Killed and started again, it continues after the last part
# that it saved.
set -euo pipefail

parts=(lexer rules tree messages)

# --resume takes back the session of a run that was killed: at once on Linux, elsewhere when its lease has been silent
# for a minute.
eval "$(orchestrator claim --env --resume --wait 2m)"
context=$(orchestrator session show "$ORCHESTRATOR_SESSION" --json)
saved=$(node -p 'JSON.parse(process.argv[1]).data.context?.data ?? 0' "$context")

mkdir -p "$STORY/parser"
for ((part = saved + 1; part <= ${#parts[@]}; part++)); do
  name=${parts[part - 1]}
  # The work itself. A kill before the checkpoint does this part again, so doing it twice must do no harm.
  sleep 0.3
  printf 'the %s, strict\n' "$name" >"$STORY/parser/$name"
  orchestrator checkpoint --last-action "wrote the $name" --data "$part" --quiet >/dev/null
  printf 'part %d of %d: the %s\n' "$part" "${#parts[@]}" "$name"
done

orchestrator release --outcome succeeded --result "{\"parts\":${#parts[@]}}"
