#!/usr/bin/env bash
# Takes one task and does it page by page. Kill it at any moment and start it again: it continues after the last page
# that it saved. Exits with 75 when there is nothing to do now.
set -euo pipefail

# Reads one field of an answer of the command line.
field() { node -p "JSON.parse(fs.readFileSync(0, 'utf8')).data.$1 ?? ''"; }

# Sets ORCHESTRATOR_TOKEN, which proves to the commands below that this script holds the lease, and the ids of task and
# session. --resume takes back the session of an earlier run that was killed; so only one may run at a time.
# Empty at first: should the claim be killed, the commands below must not take the lease of another program here.
export ORCHESTRATOR_TOKEN=
eval "$(orchestrator claim --env --agent translator --resume)"

# From here on, this script holds the task. If it stops early, it gives the task back without charge of an attempt.
trap 'orchestrator release --outcome released --quiet >/dev/null' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

pages=$(orchestrator task show "$ORCHESTRATOR_TASK" --json | field payload.pages)
last=$(orchestrator session show "$ORCHESTRATOR_SESSION" --json | field 'context?.data')
mkdir -p "${PAGES:=pages}"

for ((page = ${last:-0} + 1; page <= pages; page++)); do
  # The work itself. A kill between it and the checkpoint does this page again, so doing it twice must do no harm.
  sleep 0.3
  printf 'page %d, translated\n' "$page" >"$PAGES/page-$page.txt"
  # Saves the progress, and renews the lease. If the lease was lost (exit 77), the script ends here.
  orchestrator checkpoint --last-action "page $page" --data "$page" --quiet >/dev/null
  printf 'page %d\n' "$page"
done

trap - EXIT
orchestrator release --outcome succeeded --result "{\"pages\":$pages}" --quiet >/dev/null
