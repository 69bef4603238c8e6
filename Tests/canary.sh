#!/usr/bin/env bash
# Breaks the ledger on purpose, one rule after the other, and demands that its crash, fault and
# damage tests fail each time: tests that pass on a broken build protect nothing.
#
# Each Tests/Canary/*.sed names a file in its first line and breaks it. The work is done on a copy of
# the checkout; nothing here is touched.
#
# usage: Tests/canary.sh [NAME]...     all of them without a name
set -euo pipefail
cd "$(dirname "$0")/.."
copy=$PWD/.build-canary
seed=${SEGLEDGER_SEED:-1}
suites='LedgerCrashTests|LedgerDamageTests|LedgerFaultTests'

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for path in Tests/Canary/*.sed; do names+=("$(basename "$path" .sed)"); done
fi

build() {
  (cd "$copy" && swift build --build-tests > "$copy/build.log" 2>&1) && return
  echo "canary: $1 does not build:" >&2
  grep -E 'error' "$copy/build.log" >&2 || tail -20 "$copy/build.log" >&2
  exit 1
}

run_suites() {
  (cd "$copy" && SEGLEDGER_SEED=$seed swift test --skip-build --filter "$suites" \
    > "$copy/test.log" 2>&1)
}

Tests/scratch-tree.sh "$copy" LedgerTests
build "the unbroken ledger"
if ! run_suites; then
  echo "canary: the tests fail on the unbroken ledger (seed $seed)" >&2
  grep -E '✘|↳' "$copy/test.log" | head -20 >&2
  exit 1
fi
echo "canary: the unbroken ledger passes (seed $seed)"

status=0
for name in "${names[@]}"; do
  script=Tests/Canary/$name.sed
  file=$(sed -n '1s/^# file: //p' "$script")
  sed -E -f "$script" "$file" > "$copy/.broken"
  if cmp -s "$file" "$copy/.broken"; then
    echo "canary: $name no longer finds its place in $file: mend Tests/Canary/$name.sed" >&2
    status=1
    continue
  fi
  cp "$copy/.broken" "$copy/$file"
  build "$name"
  if run_suites; then
    echo "canary: $name: the tests PASS on a broken ledger (seed $seed)" >&2
    status=1
  else
    found=$(grep -vE 'Testing Library|Target Platform' "$copy/test.log" \
      | grep -m1 -oE '↳ .*' | cut -c1-150 || true)
    echo "canary: $name: found ($found)"
  fi
  cp "$file" "$copy/$file"
done
if [ $status -eq 0 ]; then echo "canary: every broken ledger is found"; fi
exit $status
