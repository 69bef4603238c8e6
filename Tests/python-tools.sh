#!/usr/bin/env bash
# Makes the Python environment of the tests in .build-python: ClickHouse's current engine as a
# library, and a second reader of SQL dialects. Does nothing where both are there.
set -euo pipefail
cd "$(dirname "$0")/.."

python=.build-python/bin/python
wanted=(chdb==4.4.0 sqlglot==30.30.0)

missing() {
  "$python" - "$@" <<'END'
import importlib.metadata, sys

for wish in sys.argv[1:]:
    name, version = wish.split("==")
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        found = None
    if found != version:
        print(wish)
END
}

if ! "$python" -c '' 2>/dev/null; then
  rm -rf .build-python
  if ! python3 -m venv .build-python; then
    echo "python-tools: python3 cannot make a virtual environment" >&2
    echo "hint: install the package python3-venv" >&2
    exit 1
  fi
fi
mapfile -t needed < <(missing "${wanted[@]}")
if [ "${#needed[@]}" -gt 0 ]; then
  echo "python-tools: installing ${needed[*]}"
  "$python" -m pip install --quiet --disable-pip-version-check "${needed[@]}"
fi
