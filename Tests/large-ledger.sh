#!/usr/bin/env bash
# Opens a large ledger after a crash, and measures how long the first append takes and how much
# memory serving it does. Checked: nothing acknowledged is lost, and verify finds no fault.
#
# usage: Tests/large-ledger.sh [changes] [profiles] [directory]
#
# Defaults: 100 million changes, 5 million profiles, a temporary directory. Needs a release build
# (make release), about 2 GB of disk, and GNU time.
set -euo pipefail
cd "$(dirname "$0")/.."

changes=${1:-100000000}
profiles=${2:-5000000}
place=$(mktemp -d "${3:-${TMPDIR:-/tmp}}/segledger-large-XXXXXX")
trap 'rm -rf "$place"' EXIT
segledger=.build/release/segledger
data=$place/data

[ -x "$segledger" ] || { echo "large-ledger: run 'make release' first" >&2; exit 1; }

number() { # the number of a member of a JSON object on standard input
  grep -oE "\"$1\":[0-9]+" | head -1 | cut -d: -f2
}

measured() { # runs a command; prints seconds and peak resident MiB to standard error's file
  /usr/bin/time -f '%e %M' -o "$place/time" "$@"
}

report() {
  awk -v what="$1" '{ printf "large-ledger: %s: %.2f s, %d MiB at most\n", what, $1, $2 / 1024 }' \
    "$place/time"
}

appended_one() { # appends one event; says when it was acknowledged, and when the command ended
  local start=$EPOCHREALTIME
  exec 3< <(echo "$one" | measured "$segledger" append - --data "$data" --json)
  local appending=$!
  read -r answer <&3
  awk -v what="$1" -v start="$start" -v end="$EPOCHREALTIME" \
    'BEGIN { printf "large-ledger: %s: acknowledged after %.2f s\n", what, end - start }'
  exec 3<&-
  wait "$appending"
  report "$1, ended"
}

echo "large-ledger: $changes changes of $profiles profiles"
"$segledger" generate --profiles "$profiles" --segments 50 --changes "$changes" \
  | measured "$segledger" append - --data "$data" --json >"$place/appended"
report "append"
events=$(number events <"$place/appended")
echo "large-ledger: $(du -sm "$data/ledger" | cut -f1) MiB in the ledger, $events events"

# A crash in the middle of a second stream.
"$segledger" append - --data "$data" >/dev/null 2>&1 \
  < <("$segledger" generate --profiles "$profiles" --segments 50 --changes 20000000 --seed 2) &
appending=$!
while [ "$(find "$data/ledger" -name '*.chunk' -newer "$place/appended" | wc -l)" -lt 2 ]; do
  kill -0 "$appending" 2>/dev/null || break
  sleep 0.2
done
kill -KILL "$appending" 2>/dev/null || true
wait "$appending" 2>/dev/null || true

one='{"type":"profiles_added","segment_id":1,"profiles":[{"id":"after the crash"}]}'
appended_one "open after the crash, one event appended"
appended_one "open after a clean stop, one event appended"
last=$(number last_position <<<"$answer")
[ "$last" -gt "$events" ] || { echo "large-ledger: events are missing" >&2; exit 1; }

measured "$segledger" rebuild-projections --data "$data" >/dev/null
report "serve: open, and fold every event"
measured "$segledger" verify --data "$data" >"$place/verified" \
  || { cat "$place/verified" >&2; exit 1; }
report "verify"
