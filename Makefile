# `make` lists what there is. Every target can be the first command typed on a fresh clone.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BUILD_PACKAGES := libsqlite3-dev libpq-dev libmariadb-dev unixodbc-dev liblz4-dev \
  libroaring-dev pkg-config
TEST_PACKAGES := $(BUILD_PACKAGES) postgresql pgbouncer mariadb-server clickhouse-server \
  clickhouse-client odbcinst odbc-postgresql odbc-mariadb libsqliteodbc tdsodbc sqlite3 openssl \
  python3-venv xz-utils
SOURCES := Sources Tests Package.swift
# Tests share real servers and few cores: more at once would only wait for each other.
FEW_AT_ONCE := SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=6

.PHONY: help
help: ## show this list
	@echo "Segledger: a durable ledger of segment events that keeps your SQL tables true."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{ printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: swift-present ## install the Debian packages that building needs
	@$(call install,$(BUILD_PACKAGES))

.PHONY: setup-test
setup-test: swift-present ## install the Debian packages that testing needs as well
	@$(call install,$(TEST_PACKAGES))
	@Tests/python-tools.sh

.PHONY: build
build: setup ## build for debugging
	swift build

.PHONY: release
release: setup ## build for use: .build/release/segledger
	swift build -c release --product segledger

.PHONY: demo
demo: release ## build for use, then tell the whole story on an SQLite target
	@.build/release/segledger demo

.PHONY: test
test: setup-test ## check the style and run every test
	@status=0; mkdir -p .build; log=.build/test.log; \
	echo "make test: style"; $(MAKE) lint || status=1; \
	echo "make test: swift test"; $(FEW_AT_ONCE) swift test 2>&1 | tee $$log || status=1; \
	if [ $$status -eq 0 ]; then echo "make test: PASSED (style and all tests)"; \
	else grep -A 12 -E '^.{1,4}(Test|Suite) .* recorded an issue|error: ' $$log | tail -n 60 >&2 || true; \
	  echo "make test: FAILED (what failed is repeated above; all of it is in $$log)" >&2; fi; \
	exit $$status

.PHONY: test-long
test-long: setup-test ## run every test with SEGLEDGER_LONG=1, the canaries, tsan and a real power cut
	SEGLEDGER_LONG=1 $(FEW_AT_ONCE) swift test
	Tests/canary.sh
	Tests/template-canary.sh
	Tests/loop-mount.sh
	Tests/thread-sanitizer.sh

.PHONY: canary
canary: setup-test ## break the ledger and the compiler on purpose: their tests must fail each time
	Tests/canary.sh
	Tests/template-canary.sh

.PHONY: mutants
mutants: setup-test ## change delivery's meaning in many ways: tests must see each (ONLY=, SINCE=)
	Tests/Mutants/run.py $(if $(SINCE),--since $(SINCE)) $(ONLY)

.PHONY: tsan
tsan: setup-test ## run the ledger's tests of many threads under ThreadSanitizer
	Tests/thread-sanitizer.sh

.PHONY: fuzz
fuzz: setup ## fuzz what reads bytes from outside, FUZZ_SECONDS=60 for each target
	@Tests/Fuzz/run.sh $(or $(FUZZ_SECONDS),60)

.PHONY: bench
bench: release ## measure this machine: append, replay, delivery
	@.build/release/segledger bench

.PHONY: bench-large
bench-large: release ## open a large ledger after a crash, and see how much memory it takes
	@$(call install,time)
	Tests/large-ledger.sh

.PHONY: lint
lint: swift-present ## check the formatting
	swift format lint --strict --recursive $(SOURCES)

.PHONY: format
format: swift-present ## format the sources in place
	swift format format --in-place --recursive $(SOURCES)

.PHONY: clean
clean: ## remove what was built
	rm -rf .build .build-canary .build-template-canary .build-mutants .build-tsan .build-fuzz \
	  .build-python

.PHONY: swift-present
swift-present:
	@if ! command -v swift >/dev/null; then \
	  echo "make: there is no 'swift' in PATH; Segledger needs Swift 6.3 or later." >&2; \
	  echo "hint: install it from https://www.swift.org/install/linux/ and add its usr/bin to PATH" >&2; \
	  exit 1; \
	fi

# Installs those of the Debian packages $(1) that are missing, and says which.
define install
missing=""; \
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then \
  echo "make: this is no Debian system (apt-get is missing), so nothing was installed." >&2; \
  echo "hint: install what these Debian packages hold, then use swift build and swift test: $(1)" >&2; \
  exit 1; \
fi; \
for package in $(1); do \
  state=$$(dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null || true); \
  [ "$$state" = installed ] || missing="$$missing $$package"; \
done; \
if [ -n "$$missing" ]; then \
  as_root=""; \
  if [ "$$(id -u)" -ne 0 ]; then as_root=sudo; fi; \
  if [ -n "$$as_root" ] && ! command -v sudo >/dev/null; then \
    echo "make: these Debian packages are missing, and there is no sudo:$$missing" >&2; \
    echo "hint: as root, run apt-get install$$missing" >&2; \
    exit 1; \
  fi; \
  echo "make: installing the missing Debian packages:$$missing"; \
  $$as_root apt-get update -q; \
  $$as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends $$missing; \
fi
endef
