#!/bin/bash
# Fuzzes the parser of events with libFuzzer and AddressSanitizer: the fast path against the strict
# reader (docs/decisions/0005).
#
# usage: Tests/Fuzz/run-event.sh
#
# FUZZ_SECONDS (60) is how long. What was built, the corpus, and inputs that failed are in
# .build-fuzz; the corpus is kept for the next run. A failed input is run again by
#   .build-fuzz/event .build-fuzz/failed/event-...
set -euo pipefail
cd "$(dirname "$0")/../.."
build=.build-fuzz
mkdir -p $build/modules $build/failed $build/corpus/event $build/seeds/event

flags=(-O -g -swift-version 6 -package-name segledger -parse-as-library
  -enable-upcoming-feature ExistentialAny -enable-upcoming-feature MemberImportVisibility
  -enable-upcoming-feature InternalImportsByDefault
  -sanitize=fuzzer,address -use-ld=lld -I $build/modules)

for module in SegmentModel EventJSON; do
  echo "fuzz: compiling $module"
  swiftc "${flags[@]}" -wmo -module-name $module -emit-module \
    -emit-module-path $build/modules/$module.swiftmodule -emit-object \
    -o $build/$module.o Sources/$module/*.swift
done
swiftc "${flags[@]}" -module-name EventFuzz -o $build/event Tests/Fuzz/EventFuzz.swift \
  $build/SegmentModel.o $build/EventJSON.o

# The documented examples are the seeds, and one line of the shape that the fast path is for.
awk -v to=$build/seeds/event '/^```/ { inside = /ndjson/; next }
  inside { n++; print > (to "/documented-" n) }' docs/reference/events.md
printf '%s' '{"type":"profiles_added","segment_id":1,"profiles":[' \
  '{"id":"p1","fields":{"CustomID":"C-1","age":31.5,"ok":true}},' \
  '{"id": "Jürgen", "fields": {"CustomID": "C-2", "Größe": null}},{"id":"p3"}]}' \
  > $build/seeds/event/plain

echo "fuzz: event for ${FUZZ_SECONDS:-60} seconds"
status=0
$build/event -max_total_time="${FUZZ_SECONDS:-60}" -max_len=2048 -timeout=20 -rss_limit_mb=3000 \
  -print_final_stats=1 -artifact_prefix=$build/failed/event- \
  $build/corpus/event $build/seeds/event > $build/event.log 2>&1 || status=1
[ $status -eq 0 ] || tail -40 $build/event.log
grep -E '^stat::(number_of_executed_units|new_units_added|peak_rss_mb)' $build/event.log || true
grep 'cov:' $build/event.log | tail -1 || true
exit $status
