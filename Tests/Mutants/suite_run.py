"""Runs one suite of the built tests with one mutant on, and leaves no process behind.

A run belongs to a process of its own that adopts whatever the tests leave (`PR_SET_CHILD_SUBREAPER`):
what still runs when they are done or cut off is ended there.
"""

import ctypes
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
ISSUE = re.compile(r"✘.*recorded an issue")
TOTAL = re.compile(r"Test run with (\d+) test")
# Servers of tests end when the tests do, by their keepers; what takes longer is killed.
KEEPERS_SECONDS = 20
# Of the simulator: most of what it finds it finds in the first thousand.
HISTORY_COUNT = 3000


def adopt_orphans():
    """Makes this process the one that runs belong to."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(SystemExit(1)))
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run(bundle, suite, number, limit_seconds):
    """('passed' | 'red' | 'crashed' | 'hung' | 'empty', what was said first, seconds)."""
    started = time.monotonic()
    temporary = tempfile.mkdtemp(prefix="sm-")
    os.chmod(temporary, 0o755)
    environment = dict(
        os.environ, SEGLEDGER_MUTANT=str(number), TMPDIR=temporary, NO_COLOR="1",
        SEGLEDGER_HISTORIES=str(HISTORY_COUNT),
        SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH="6")
    tests = subprocess.Popen(
        [bundle, "--testing-library", "swift-testing", "--filter", suite], env=environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True, cwd=temporary)
    try:
        end, detail = follow(tests, started + limit_seconds)
    finally:
        end_all(tests, os.path.dirname(os.path.realpath(bundle)))
        shutil.rmtree(temporary, ignore_errors=True)
    return end, detail, time.monotonic() - started


def follow(tests, deadline):
    """Reads what the tests say until the first issue, their end, or the deadline."""
    pending, count, last = b"", 0, ""
    while True:
        rest = deadline - time.monotonic()
        if rest <= 0 or not select.select([tests.stdout], [], [], rest)[0]:
            return "hung", last
        chunk = os.read(tests.stdout.fileno(), 1 << 16)
        *lines, pending = (pending + chunk).split(b"\n")
        for line in (line.decode(errors="replace") for line in lines):
            if ISSUE.search(line):
                return "red", line.strip()[2:]
            found = TOTAL.search(line)
            count = int(found.group(1)) if found else count
            last = line.strip() or last
        if not chunk:
            break
    if tests.wait() == 0:
        return ("passed", "") if count else ("empty", "no test is of that name")
    return "crashed", last


def descendants():
    """The processes below this one: id and program."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    state, parent = file.read().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                parents[int(entry)] = int(parent)
    found, open_ = [], {os.getpid()}
    while open_:
        children = {child for child, parent in parents.items() if parent in open_}
        found += children
        open_ = children
    return found


def end_all(tests, folder):
    """Ends the tests and the programs that they started, then what their keepers do not end."""
    for process in descendants():
        try:
            if os.readlink(f"/proc/{process}/exe").startswith(folder):
                os.kill(process, signal.SIGKILL)
        except OSError:
            continue
    deadline = time.monotonic() + KEEPERS_SECONDS
    while reap(tests):
        if time.monotonic() > deadline:
            for process in descendants():
                try:
                    os.kill(process, signal.SIGKILL)
                except OSError:
                    continue
        time.sleep(0.05)


def reap(tests):
    """Takes the ends of adopted processes; whether some still run."""
    tests.poll()
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True
