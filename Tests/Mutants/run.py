#!/usr/bin/env python3
"""Breaks delivery on purpose, one meaning after the other, and looks whether the tests see it.

All mutants of this folder are put into one build of a copy of the checkout, each behind a number
that a process reads from its environment; nothing here is touched. Each mutant meets the suites that
its file names, until one is red. Ends with 1 where fewer than 95 % are seen, or where one survives
without a reason in its file.

usage: Tests/Mutants/run.py [--since REVISION] [--jobs N] [--copy DIR] [NAME]...
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from multiprocessing import Pool
from pathlib import Path

# No folder of compiled modules in the checkout.
sys.dont_write_bytecode = True

import suite_run
from definition import Fault, read_all, write_overlay

ROOT = Path(__file__).resolve().parents[2]
SEEN_SHARE_MIN = 0.95


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", help="all of them without one")
    parser.add_argument("--since", help="those whose source or file changed since a revision")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="suites at once")
    parser.add_argument("--copy", type=Path, default=ROOT / ".build-mutants")
    return parser.parse_args()


def chosen(mutants, options):
    known = {mutant.name for mutant in mutants}
    for name in options.names:
        if name not in known:
            raise Fault(f"there is no mutant {name} in Tests/Mutants")
    picked = [one for one in mutants if not options.names or one.name in options.names]
    if options.since:
        changed = subprocess.run(
            ["git", "diff", "--name-only", options.since], cwd=ROOT, check=True,
            stdout=subprocess.PIPE, text=True).stdout.split()
        touched = {Path(path).stem for path in changed if path.endswith(".mutant")}
        picked = [one for one in picked if one.file in changed or one.name in touched]
    return picked


def build(mutants, copy):
    """Makes the copy with all mutants in; returns the test bundle."""
    overlay = copy / ".overlay"
    if overlay.exists():
        shutil.rmtree(overlay)
    write_overlay(ROOT, mutants, overlay)
    targets = sorted({suite.split(".")[0] for mutant in mutants for suite in mutant.suites})
    subprocess.run(
        [ROOT / "Tests/scratch-tree.sh", copy, *targets], check=True,
        env=dict(os.environ, OVERLAY=str(overlay)))
    for name in (".build-python", "docs"):
        if not (copy / name).exists() and (ROOT / name).exists():
            (copy / name).symlink_to(ROOT / name)
    with open(copy / "build.log", "w") as log:
        code = subprocess.run(
            ["swift", "build", "--build-tests"], cwd=copy, stdout=log, stderr=log).returncode
    if code:
        lines = (copy / "build.log").read_text().splitlines()
        errors = [line for line in lines if "error:" in line] or lines[-20:]
        raise Fault("the copy does not build:\n" + "\n".join(dict.fromkeys(errors)))
    return str(copy / ".build/debug/segledgerPackageTests.xctest")


def baseline(pool, bundle, mutants):
    """How long each suite takes without a mutant. It has to pass."""
    suites = sorted({suite for mutant in mutants for suite in mutant.suites})
    runs = {suite: pool.apply_async(suite_run.run, (bundle, suite, 0, 900)) for suite in suites}
    seconds = {}
    for suite, run in runs.items():
        end, detail, seconds[suite] = run.get()
        if end != "passed":
            raise Fault(f"without a mutant {suite} has {end}: {detail}")
        print(f"mutants: {suite} passes in {seconds[suite]:.0f} s", flush=True)
    return seconds


def trial(bundle, number, suites, seconds):
    """Runs suites until one sees the mutant; nil: none does."""
    for suite in suites:
        end, detail, _ = suite_run.run(bundle, suite, number, 60 + 5 * seconds[suite])
        if end == "empty":
            raise RuntimeError(f"{suite}: {detail}")
        if end != "passed":
            return end, suite, detail
    return None


def table(results):
    """Prints how each mutant fared; whether that is enough."""
    seen = [mutant for mutant, result in results if result]
    silent = [mutant for mutant, result in results if not result and not mutant.survives]
    for mutant, result in results:
        if result:
            end, suite, detail = result
            note = " (take its 'survives:' away)" if mutant.survives else ""
            print(f"  seen      {mutant.name}: {suite}, {end}: {detail[:110]}{note}")
    for mutant, result in results:
        if not result:
            print(f"  SURVIVED  {mutant.name}: {mutant.survives or 'without a reason'}")
            print(f"            breaks: {mutant.breaks}")
    share = len(seen) / len(results)
    print(f"mutants: {len(seen)} of {len(results)} seen ({share:.0%})")
    if silent:
        print(f"mutants: no reason is given for {', '.join(one.name for one in silent)}")
    if share < SEEN_SHARE_MIN:
        print(f"mutants: fewer than {SEEN_SHARE_MIN:.0%} are seen")
    return not silent and share >= SEEN_SHARE_MIN


def main():
    options = arguments()
    mutants = read_all(Path(__file__).parent)
    picked = chosen(mutants, options)
    if not picked:
        print("mutants: nothing to do")
        return True
    started = time.monotonic()
    bundle = build(mutants, options.copy.absolute())
    print(f"mutants: {len(mutants)} built in {time.monotonic() - started:.0f} s", flush=True)
    results = []
    # Leaving the block ends the workers, and each of them what it runs.
    with Pool(options.jobs, initializer=suite_run.adopt_orphans) as pool:
        seconds = baseline(pool, bundle, picked)
        runs = [
            (one, pool.apply_async(trial, (bundle, one.number, one.suites, seconds)))
            for one in picked
        ]
        for mutant, run in runs:
            result = run.get()
            results.append((mutant, result))
            print(f"mutants: {mutant.name}: {'seen' if result else 'SURVIVED'}", flush=True)
    print(f"mutants: done in {(time.monotonic() - started) / 60:.0f} min")
    return table(results)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        sys.exit(0 if main() else 1)
    except Fault as fault:
        sys.exit(f"mutants: {fault}")
