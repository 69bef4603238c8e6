"""Mutants: what each file of this folder says, and the sources with all of them in.

A file `NAME.mutant` holds a head and two texts:

    file: Sources/Sync/RetryLadder.swift
    breaks: A lane that fails is tried again within a minute.
    suites: SyncTests.RetryLadderTests
    --- expression
    min(firstMilliseconds << doublings, «lastMilliseconds»)
    --- instead
    lastMilliseconds * 10

The text of the source stands there once; where a part of it is in « », only that part is changed.
`expression` becomes `(Mutant.isOn(n) ? instead : text)`, `statements` an `if` with an `else`. A head's
line that begins with two spaces goes on with the one before. `survives:` says why no test can see it.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

FORMS = ("expression", "statements")


class Fault(Exception):
    """Something in a mutant's file is to be mended; the text says where and what."""


@dataclass
class Mutant:
    name: str
    number: int
    file: str
    breaks: str
    suites: list
    survives: str
    form: str
    before: str
    text: str
    after: str
    instead: str

    def place(self, source):
        """Where the changed text stands in the source."""
        whole = self.before + self.text + self.after
        count = source.count(whole)
        if count != 1:
            raise Fault(f"{self.name}: its text stands {count} times in {self.file}, not once")
        start = source.index(whole) + len(self.before)
        return start, start + len(self.text)

    def switched(self, otherwise):
        """The changed text behind its number; `otherwise` is what stands there without it."""
        if self.form == "expression":
            return f"(Mutant.isOn({self.number}) ? ({self.instead}) : {otherwise})"
        return f"if Mutant.isOn({self.number}) {{\n{self.instead}\n}} else {{\n{otherwise}\n}}"


def read(path, number):
    """One mutant's file."""
    name = path.stem
    head, *parts = re.split(r"^--- (\w+)\n", path.read_text(), flags=re.MULTILINE)
    if len(parts) != 4 or parts[0] not in FORMS or parts[2] != "instead":
        raise Fault(f"{name}: after the head come '--- expression' or '--- statements', '--- instead'")
    fields = {}
    for line in re.sub(r"\n  +", " ", head).splitlines():
        key, _, value = line.partition(": ")
        fields[key] = value.strip()
    missing = {"file", "breaks", "suites"} - fields.keys()
    strange = fields.keys() - {"file", "breaks", "suites", "survives"}
    if missing or strange:
        raise Fault(f"{name}: missing in its head: {sorted(missing)}; not known: {sorted(strange)}")
    text = parts[1].rstrip("\n")
    before, text, after = re.fullmatch(r"(.*?)«(.*)»(.*)", text, re.DOTALL).groups() \
        if "«" in text else ("", text, "")
    return Mutant(
        name=name, number=number, file=fields["file"], breaks=fields["breaks"],
        suites=fields["suites"].split(), survives=fields.get("survives", ""), form=parts[0],
        before=before, text=text, after=after, instead=parts[3].rstrip("\n"))


def read_all(folder):
    paths = sorted(folder.rglob("*.mutant"), key=lambda path: path.stem)
    mutants = [read(path, number + 1) for number, path in enumerate(paths)]
    names = [mutant.name for mutant in mutants]
    for name in names:
        if names.count(name) > 1:
            raise Fault(f"{name}: two files have this name")
    return mutants


def mutated(source, mutants):
    """A source with all its mutants in, each behind its number."""
    places = {}
    for mutant in mutants:
        places.setdefault(mutant.place(source), []).append(mutant)
    last = len(source)
    for start, end in sorted(places, reverse=True):
        here = places[start, end]
        if end > last:
            raise Fault(f"{here[0].name}: its text overlaps another mutant's")
        text = source[start:end]
        switched = f"({text})" if here[0].form == "expression" else text
        for mutant in here:
            if mutant.form != here[0].form:
                raise Fault(f"{mutant.name}: of another form than {here[0].name} in one place")
            switched = mutant.switched(switched)
        source = source[:start] + switched + source[end:]
        last = start
    if not re.search(r"^\w+ import SegmentModel$", source, re.MULTILINE) and "import" in source:
        source = re.sub(
            r"^(\w+ import )", r"internal import SegmentModel\n\1", source, count=1,
            flags=re.MULTILINE)
    elif "import" not in source:
        source = "internal import SegmentModel\n\n" + source
    return source


SWITCH = """internal import Glibc

/// Which mutant of the build is on in this process.
package enum Mutant {
    private static let number = getenv("SEGLEDGER_MUTANT").flatMap { Int(String(cString: $0)) } ?? 0

    package static func isOn(_ number: Int) -> Bool { Mutant.number == number }
}
"""


def write_overlay(root, mutants, folder):
    """The changed sources, and the switch, below `folder`."""
    by_file = {}
    for mutant in mutants:
        by_file.setdefault(mutant.file, []).append(mutant)
    files = {"Sources/SegmentModel/Mutant.swift": SWITCH}
    for file, here in by_file.items():
        files[file] = mutated((root / file).read_text(), here)
    for file, text in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def check():
    """Prints each mutant with its suites, if all find their places; for the style tests."""
    root = Path(__file__).resolve().parents[2]
    mutants = read_all(Path(__file__).parent)
    faults = []
    for file in sorted({mutant.file for mutant in mutants}):
        source = (root / file).read_text() if (root / file).exists() else ""
        try:
            mutated(source, [mutant for mutant in mutants if mutant.file == file])
        except Fault as fault:
            faults.append(str(fault))
    if faults:
        raise Fault("\n".join(faults))
    for mutant in mutants:
        print(f"{mutant.name}\t{' '.join(mutant.suites)}")


if __name__ == "__main__":
    try:
        check()
    except Fault as fault:
        sys.exit(f"mutants: {fault}\nhint: follow the source in Tests/Mutants/*/NAME.mutant")
