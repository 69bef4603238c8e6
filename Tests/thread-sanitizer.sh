#!/usr/bin/env bash
# Runs the tests in which many threads use one ledger under ThreadSanitizer, in a build of their own.
#
# usage: Tests/thread-sanitizer.sh
set -euo pipefail
cd "$(dirname "$0")/.."
copy=$PWD/.build-tsan

Tests/ledger-tree.sh "$copy"
cd "$copy"
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
# Its shadow memory wants addresses that a machine with much randomization gives to others.
setarch "$(uname -m)" -R swift test --sanitize thread --filter 'LedgerStressTests|SealingTests'
echo "thread-sanitizer: no race found"
