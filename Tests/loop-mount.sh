#!/usr/bin/env bash
# A power cut on a real file system: a process appends on an ext4 image mounted over a loop device;
# mid-run the image is copied, the copy mounted (its journal recovers), and every event that was
# acknowledged before the copy began must be in the ledger on it. Then the disk is filled to the
# brim: nothing acknowledged may be lost by that either.
#
# Needs root, mkfs.ext4 and loop devices; says so and passes over otherwise.
#
# usage: Tests/loop-mount.sh [COPIES]     10 copies without a number
set -euo pipefail
cd "$(dirname "$0")/.."
copies=${1:-10}

skip() { echo "loop-mount: passed over: $1"; exit 0; }
[ "$(id -u)" -eq 0 ] || skip "it needs root to mount"
command -v mkfs.ext4 >/dev/null || skip "mkfs.ext4 is missing"

swift build --product LedgerWriter
writer=$(swift build --show-bin-path)/LedgerWriter
work=$(mktemp -d)
pid=

clean_up() {
  if [ -n "$pid" ]; then kill -KILL "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; fi
  for point in "$work/live" "$work/copied"; do
    if mountpoint -q "$point"; then umount "$point" || umount -l "$point"; fi
  done
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

mkdir "$work/live" "$work/copied"
truncate -s 96M "$work/image"
mkfs.ext4 -q -F "$work/image"
mount -o loop "$work/image" "$work/live" 2> "$work/why" || skip "cannot mount: $(cat "$work/why")"

# Lets no thread of the writer run on; a sync under way ends first.
stop_writer() {
  kill -STOP "$pid"
  while grep -qvE '^State:\s+[TZ]' <(cat /proc/"$pid"/task/*/status | grep '^State:'); do
    read -r -t 0.01 <> <(:) || true
  done
}

# Acknowledged lines so far.
count() { wc -l < "$work/acknowledged"; }

: > "$work/acknowledged"
"$writer" append "$work/live/data" 16 >> "$work/acknowledged" &
pid=$!
for copy in $(seq "$copies"); do
  goal=$(($(count) + 50 + RANDOM % 400))
  while [ "$(count)" -lt "$goal" ] && kill -0 "$pid" 2>/dev/null; do
    read -r -t 0.01 <> <(:) || true
  done
  kill -0 "$pid" 2>/dev/null || break
  stop_writer
  cp "$work/acknowledged" "$work/before"
  cp --sparse=always "$work/image" "$work/image-copy"
  kill -CONT "$pid"
  mount -o loop "$work/image-copy" "$work/copied"
  "$writer" check "$work/copied/data" < "$work/before" ||
    { echo "loop-mount: copy $copy has lost acknowledged events" >&2; exit 1; }
  umount "$work/copied"
done

echo "loop-mount: filling the disk"
status=0
wait "$pid" || status=$?
pid=
[ $status -eq 3 ] || { echo "loop-mount: the writer ended with $status, not for want of room" >&2; exit 1; }
"$writer" check "$work/live/data" < "$work/acknowledged"
echo "loop-mount: $copies copies and a full disk, nothing acknowledged is lost"
