#!/usr/bin/env bash
# Copies the checkout into DIR, reduced to test targets and what they need, for a build of its own:
# broken on purpose, or with a sanitizer. A file that has not changed keeps its time there, so that
# the next build of the copy is incremental. Files of the folder OVERLAY stand for those of the same
# path, or are added.
#
# usage: [OVERLAY=DIR] Tests/scratch-tree.sh DIR TARGET...
set -euo pipefail
copy=${1:?usage: Tests/scratch-tree.sh DIR TARGET...}
: "${2:?usage: Tests/scratch-tree.sh DIR TARGET...}"
targets=("${@:2}")
overlay=${OVERLAY:+$(realpath "$OVERLAY")}
mkdir -p "$copy"
copy=$(realpath "$copy")
cd "$(dirname "$0")/.."

wanted=$(
  {
    find Sources Tests migrations -type f
    if [ -n "$overlay" ]; then (cd "$overlay" && find . -type f | sed 's|^\./||'); fi
  } | sort -u
)
while IFS= read -r file; do
  source=$file
  if [ -n "$overlay" ] && [ -e "$overlay/$file" ]; then source=$overlay/$file; fi
  cmp -s "$source" "$copy/$file" && continue
  mkdir -p "$copy/$(dirname "$file")"
  cp "$source" "$copy/$file"
done <<< "$wanted"
comm -13 <(echo "$wanted") <(cd "$copy" && find Sources Tests migrations -type f | sort) |
  while IFS= read -r gone; do rm "$copy/$gone"; done

{
  cat Package.swift
  cat <<SWIFT

// Only these tests, and what they need.
do {
    let wanted = "${targets[*]}".split(separator: " ").map(String.init)
SWIFT
  cat <<'SWIFT'

    let targets = Dictionary(uniqueKeysWithValues: package.targets.map { ($0.name, $0) })
    var needed: Set<String> = []
    var packages: Set<String> = []
    var open = wanted
    while let name = open.popLast() {
        guard let target = targets[name], needed.insert(name).inserted else { continue }
        for case .plugin(let name, _) in target.plugins ?? [] { open.append(name) }
        for dependency in target.dependencies {
            switch dependency {
            case .targetItem(let name, _), .byNameItem(let name, _): open.append(name)
            case .productItem(_, let package, _, _): packages.insert(package ?? "")
            @unknown default: break
            }
        }
    }
    package.targets.removeAll { !needed.contains($0.name) }
    package.dependencies.removeAll { dependency in
        guard case .sourceControl(_, let location, _) = dependency.kind else { return false }
        return !packages.contains { location.hasSuffix("/" + $0) }
    }
}
SWIFT
} > "$copy/.manifest"
if ! cmp -s "$copy/.manifest" "$copy/Package.swift"; then mv "$copy/.manifest" "$copy/Package.swift"; fi
if [ ! -e "$copy/Package.resolved" ] && [ -e Package.resolved ]; then cp Package.resolved "$copy/"; fi
