#!/usr/bin/env bash
# Breaks the template compiler on purpose, one rule after the other, and demands that the
# differential tests find it on the databases that the rule is for.
#
# All Tests/TemplateCanary/*.sed are applied to one copy of the checkout, each behind its name: a
# rule is broken in a process whose SEGLEDGER_CANARY is that name, so that one build serves all.
# A script names its file and the databases in its first lines. Nothing here is touched.
#
# usage: Tests/template-canary.sh [NAME]...     all of them without a name
set -euo pipefail
cd "$(dirname "$0")/.."
copy=$PWD/.build-template-canary
export SEGLEDGER_SEED=${SEGLEDGER_SEED:-1}
export SEGLEDGER_STATEMENTS=${SEGLEDGER_STATEMENTS:-3000}

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for path in Tests/TemplateCanary/*.sed; do names+=("$(basename "$path" .sed)"); done
fi

header() { sed -n "s/^# $2: //p" "Tests/TemplateCanary/$1.sed"; }

# run TEST DATABASES CANARY: with that rule broken.
run() {
  (cd "$copy" && SEGLEDGER_CANARY=${3:-} SEGLEDGER_DATABASES=$2 \
    swift test --skip-build --filter "DifferentialTests/$1" > "$copy/test.log" 2>&1)
}

Tests/scratch-tree.sh "$copy" DifferentialTests
cat > "$copy/Sources/SQLTemplate/TemplateCanary.swift" <<'SWIFT'
internal import Foundation

package enum TemplateCanary {
    private static let name = ProcessInfo.processInfo.environment["SEGLEDGER_CANARY"]

    package static func breaks(_ rule: String) -> Bool { name == rule }

    /// As a dictionary of texts compares names.
    static func composed(_ text: String) -> String { text.precomposedStringWithCanonicalMapping }
}
SWIFT
status=0
for path in Tests/TemplateCanary/*.sed; do
  name=$(basename "$path" .sed)
  file=$(header "$name" file)
  sed -E -f "$path" "$copy/$file" > "$copy/.broken"
  if cmp -s "$copy/$file" "$copy/.broken"; then
    echo "template-canary: $name no longer finds its place in $file: mend $path" >&2
    status=1
  fi
  cp "$copy/.broken" "$copy/$file"
done
if ! (cd "$copy" && swift build --build-tests > "$copy/build.log" 2>&1); then
  echo "template-canary: the copy does not build:" >&2
  grep -E 'error' "$copy/build.log" >&2 || tail -20 "$copy/build.log" >&2
  exit 1
fi

for name in "${names[@]}"; do
  # Where random templates do not meet it, what was found once must.
  if run differential "$(header "$name" databases)" "$name" &&
    run found "$(header "$name" databases)" "$name"; then
    echo "template-canary: $name: the tests PASS without this rule (seed $SEGLEDGER_SEED)" >&2
    status=1
  else
    found=$(grep -vE '↳ (Testing Library|Target Platform)' "$copy/test.log" | grep -m1 -oE '↳ .*' | cut -c1-150 || true)
    if [ -z "$found" ]; then
      echo "template-canary: $name: the tests did not come to an end: $copy/test.log" >&2
      exit 1
    fi
    echo "template-canary: $name: found ($found)"
  fi
done
if [ $status -eq 0 ]; then echo "template-canary: every broken rule is found"; fi
exit $status
