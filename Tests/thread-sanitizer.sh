#!/usr/bin/env bash
# Runs the tests in which many threads use one ledger under ThreadSanitizer, in a build of their own.
#
# usage: Tests/thread-sanitizer.sh
set -euo pipefail
cd "$(dirname "$0")/.."
copy=$PWD/.build-tsan

Tests/scratch-tree.sh "$copy" LedgerTests
# It does not see the locks of Synchronization: in this build a lock that it knows takes their place.
cp Tests/ThreadSanitizer/SanitizedMutex.swift "$copy/Sources/StorageIO/"
grep -rl "import Synchronization" "$copy/Sources" "$copy/Tests" | while IFS= read -r file; do
  if grep -q "Atomic<" "$file"; then
    continue
  elif grep -q "import StorageIO" "$file" || [[ $file == */Sources/StorageIO/* ]]; then
    sed -i '/import Synchronization/d' "$file"
  else
    sed -i 's/import Synchronization/import StorageIO/' "$file"
  fi
done
cd "$copy"
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
# Its shadow memory wants addresses that a machine with much randomization gives to others.
setarch "$(uname -m)" -R swift test --sanitize thread --filter 'LedgerStressTests|SealingTests|LargeLedgerTests'
echo "thread-sanitizer: no race found"
