#!/bin/bash
# Fuzzes the decoders of a frame with libFuzzer and AddressSanitizer.
#
# usage: Tests/Fuzz/run.sh [TARGET]...      targets: payload frame column (all of them)
#
# FUZZ_SECONDS (60) is for each target. What was built, the corpus, and inputs that failed are in
# .build-fuzz; the corpus is kept for the next run. A failed input is run again by
#   .build-fuzz/TARGET .build-fuzz/failed/TARGET-...
set -euo pipefail
cd "$(dirname "$0")/../.."
build=.build-fuzz
seconds=${FUZZ_SECONDS:-60}
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(payload frame column)
mkdir -p $build/modules $build/failed

# SwiftPM writes the module map of a C target itself; here it is written by hand.
printf 'module CChecksum { header "%s/Sources/CChecksum/include/CChecksum.h" export * }\n' "$PWD" \
  > $build/modules/module.modulemap
clang -O1 -g -fsanitize=fuzzer-no-link,address -ISources/CChecksum/include \
  -c Sources/CChecksum/crc32c.c -o $build/crc32c.o

flags=(-O -g -swift-version 6 -package-name segledger -enable-testing -parse-as-library
  -enable-upcoming-feature ExistentialAny -enable-upcoming-feature MemberImportVisibility
  -enable-upcoming-feature InternalImportsByDefault
  -sanitize=fuzzer,address -use-ld=lld -I $build/modules -I Sources/CLZ4)

# compile MODULE: one object for a whole module, newer than its sources.
compile() {
  local module=$1
  if [ ! -f $build/$module.o ] || [ -n "$(find Sources/$module -newer $build/$module.o)" ]; then
    echo "fuzz: compiling $module"
    swiftc "${flags[@]}" -wmo -module-name "$module" -emit-module \
      -emit-module-path $build/modules/$module.swiftmodule -emit-object \
      -o $build/$module.o Sources/$module/*.swift
  fi
}
compile SegmentModel
compile FrameCodec
objects=($build/SegmentModel.o $build/FrameCodec.o $build/crc32c.o)

echo "fuzz: writing seeds"
swiftc "${flags[@]/fuzzer,address/address}" -module-name WriteSeeds -o $build/write-seeds \
  Tests/Fuzz/WriteSeeds.swift Tests/FrameCodecTests/GeneratedFrames.swift \
  Tests/FrameCodecTests/SeededGenerator.swift "${objects[@]}" -llz4
for target in payload frame column; do mkdir -p $build/seeds/$target $build/corpus/$target; done
ASAN_OPTIONS=detect_leaks=0 $build/write-seeds $build/seeds

status=0
for target in "${targets[@]}"; do
  source=Tests/Fuzz/${target^}Fuzz.swift
  [ -f "$source" ] || { echo "fuzz: there is no target '$target'" >&2; exit 2; }
  swiftc "${flags[@]}" -module-name "${target^}Fuzz" -o "$build/$target" \
    "$source" Tests/Fuzz/FrameContent.swift "${objects[@]}" -llz4
  echo "fuzz: $target for $seconds seconds"
  if ! "$build/$target" -max_total_time="$seconds" -max_len=8192 -timeout=20 \
    -rss_limit_mb=3000 -print_final_stats=1 -artifact_prefix="$build/failed/$target-" \
    "$build/corpus/$target" "$build/seeds/$target" > "$build/$target.log" 2>&1; then
    tail -40 "$build/$target.log"
    status=1
  fi
  grep -E "^(stat::number_of_executed_units|stat::new_units_added|stat::peak_rss_mb)" \
    "$build/$target.log" || true
  grep -E "cov:" "$build/$target.log" | tail -1 || true
done
exit $status
