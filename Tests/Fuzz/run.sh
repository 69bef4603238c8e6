#!/bin/bash
# Fuzzes what reads bytes from outside with libFuzzer and AddressSanitizer.
#
# usage: Tests/Fuzz/run.sh [SECONDS [TARGET]...]
#
# SECONDS (60) is for each target; the targets are event frame payload column files proofs snapshot
# template (all of them). What was built, the corpus, and inputs that failed are in .build-fuzz; the
# corpus is kept for the next run. A failed input is run again by
#   .build-fuzz/TARGET .build-fuzz/failed/TARGET-...
set -euo pipefail
cd "$(dirname "$0")/../.."
build=.build-fuzz
seconds=${1:-60}
[[ "$seconds" =~ ^[0-9]+$ ]] || { sed -n 's/^# //p' "$0" | head -3 >&2; exit 2; }
targets=("${@:2}")
[ ${#targets[@]} -gt 0 ] || targets=(event frame payload column files proofs snapshot template)
for target in "${targets[@]}"; do
  [ -f "Tests/Fuzz/${target^}Fuzz.swift" ] || {
    echo "fuzz: there is no target '$target'" >&2
    exit 2
  }
done
mkdir -p $build/modules $build/failed
FUZZ_FOLDER=$(mktemp -d -p /dev/shm segledger-fuzz-XXXXXX)
export FUZZ_FOLDER
trap 'rm -rf "$FUZZ_FOLDER"' EXIT

# What MerkleTree rests on, as SwiftPM builds it.
echo "fuzz: building what is not fuzzed itself"
swift build --target MerkleTree > $build/dependencies.log 2>&1 || {
  cat $build/dependencies.log >&2
  exit 1
}
products=$(swift build --show-bin-path)
crypto=$(find "$products"/{Crypto,CryptoBoringWrapper}.build "$products"/C{CryptoBoringSSL,XKCP}*.build \
  -name '*.o')

# SwiftPM writes the module map of a C target itself; here it is written by hand.
printf 'module CChecksum { header "%s/Sources/CChecksum/include/CChecksum.h" export * }\n' "$PWD" \
  > $build/modules/module.modulemap
clang -O1 -g -fsanitize=fuzzer-no-link,address -ISources/CChecksum/include \
  -c Sources/CChecksum/crc32c.c -o $build/crc32c.o

packages=.build/checkouts/swift-crypto/Sources
flags=(-O -g -swift-version 6 -package-name segledger -enable-testing -parse-as-library
  -enable-upcoming-feature ExistentialAny -enable-upcoming-feature MemberImportVisibility
  -enable-upcoming-feature InternalImportsByDefault
  -sanitize=fuzzer,address -use-ld=lld -I $build/modules -I Sources/CLZ4
  -I Sources/CPrefetch -I "$products/Modules"
  -I $packages/CCryptoBoringSSL/include -I $packages/CCryptoBoringSSLShims/include)

# compile MODULE: one object for a whole module, newer than its sources.
objects=($build/crc32c.o)
compile() {
  local module=$1
  if [ ! -f $build/$module.o ] || [ -n "$(find Sources/$module -newer $build/$module.o)" ]; then
    echo "fuzz: compiling $module"
    swiftc "${flags[@]}" -wmo -module-name "$module" -emit-module \
      -emit-module-path $build/modules/$module.swiftmodule -emit-object \
      -o $build/$module.o Sources/$module/*.swift
  fi
  objects+=($build/$module.o)
}
for module in SegmentModel EventJSON SQLTemplate FrameCodec MerkleTree StorageIO Ledger; do
  compile $module
done

echo "fuzz: writing seeds"
for target in "${targets[@]}" frame payload column files proofs snapshot event template; do
  mkdir -p $build/seeds/$target $build/corpus/$target
done
swiftc "${flags[@]/fuzzer,address/address}" -module-name WriteSeeds -o $build/write-seeds \
  Tests/Fuzz/WriteSeeds.swift Tests/FrameCodecTests/GeneratedFrames.swift \
  Tests/FrameCodecTests/SeededGenerator.swift "${objects[@]}" $crypto -llz4 -lstdc++
ASAN_OPTIONS=detect_leaks=0 $build/write-seeds $build/seeds
# Events begin with the documented examples, and a line of the shape that the fast path is for.
awk -v to=$build/seeds/event '/^```/ { inside = /ndjson/; next }
  inside { n++; print > (to "/documented-" n) }' docs/reference/events.md
printf '%s' '{"type":"profiles_added","segment_id":1,"profiles":[' \
  '{"id":"p1","fields":{"CustomID":"C-1","age":31.5,"ok":true}},' \
  '{"id": "Jürgen", "fields": {"CustomID": "C-2", "Größe": null}},{"id":"p3"}]}' \
  > $build/seeds/event/plain
# Templates begin with the documented examples, for each kind, with some values.
LC_ALL=C awk -v to=$build/seeds/template '
  BEGIN {
    split("add_profiles remove_profiles clear_segment save_segment delete_segment members", names)
    for (i in names) query[names[i]] = i - 1
  }
  /^```template/ { inside = 1; text = ""; head = $0; next }
  /^```/ && inside {
    inside = 0
    n++
    for (kind = 0; kind < 6; kind++) {
      file = to "/documented-" n "-" kind
      split(head, words, " ")
      printf "%c%c%c%c%s", 48 + kind, 48 + n % 16, (head ~ /individual/) ? 49 : 48, \
        48 + query[words[3]], text > file
      printf "\377(it\47s \\\3760a\134\47b\134\376\30\"\47`]; --\n\376,12\3765{\47\134" > file
      printf "\376=[1\3766\3767\376 */ $$ \342\200\231 q[]\47\3760\134\n" > file
      close(file)
    }
    next
  }
  inside { text = text $0 "\n" }' docs/reference/templates.md docs/guides/*.md

# The adapters' facts, each under a name of its own: files of one module may not share one.
mkdir -p $build/kinds
rm -f $build/kinds/*.swift
for file in Sources/Connector*/{Reading,CodeStrings,Lacks,SessionRules}*.swift; do
  name=${file#Sources/}
  cp "$file" "$build/kinds/${name//\//-}"
done

status=0
for target in "${targets[@]}"; do
  swiftc "${flags[@]}" -module-name "${target^}Fuzz" -o "$build/$target" \
    "Tests/Fuzz/${target^}Fuzz.swift" Tests/Fuzz/FrameContent.swift Tests/Fuzz/SQLScanner.swift \
    Tests/Fuzz/Kinds.swift $build/kinds/*.swift \
    "${objects[@]}" $crypto -llz4 -lstdc++
  echo "fuzz: $target for $seconds seconds"
  if ! "$build/$target" -max_total_time="$seconds" -max_len=8192 -timeout=20 \
    -rss_limit_mb=3000 -print_final_stats=1 -artifact_prefix="$build/failed/$target-" \
    "$build/corpus/$target" "$build/seeds/$target" > "$build/$target.log" 2>&1; then
    tail -40 "$build/$target.log"
    status=1
  fi
  grep -E "^stat::(number_of_executed_units|new_units_added|peak_rss_mb)" \
    "$build/$target.log" || true
  grep -E "cov:" "$build/$target.log" | tail -1 || true
done
[ $status -eq 0 ] && echo "fuzz: nothing found" || echo "fuzz: FAILED (see above)" >&2
exit $status
