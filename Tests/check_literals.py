"""Reads rendered INSERT statements as SQL Server and Oracle would, and compares their literals.

usage: check_literals.py FILE

FILE holds a JSON object a line: {"kind": "mssql" or "oracle", "sql": ..., "rows": [[...], ...]}.
Each statement has to be one INSERT whose VALUES hold exactly these texts. Prints how many statements
and literals were read, or the first that differ.
"""

import json
import re
import sys

import sqlglot
from sqlglot import exp

DIALECTS = {"mssql": "tsql", "oracle": "oracle"}

# In a string SQL Server takes a backslash and the line's end behind it away, in one pass.
CONTINUATION = re.compile(r"\\(?:\r\n|\n)")


class Problem(Exception):
    pass


def text_of(node, kind):
    """The text that an expression of literals stands for."""
    if isinstance(node, exp.Paren):
        return text_of(node.this, kind)
    if isinstance(node, exp.DPipe):
        return text_of(node.left, kind) + text_of(node.right, kind)
    if isinstance(node, exp.Anonymous) and node.name.upper() == "TO_CLOB":
        if len(node.expressions) != 1:
            raise Problem("TO_CLOB takes one literal")
        return text_of(node.expressions[0], kind)
    if isinstance(node, exp.National):
        literal = node.this if isinstance(node.this, str) else node.this.this
    elif isinstance(node, exp.Literal) and node.is_string:
        literal = node.this
        if kind == "mssql" and not literal.isascii():
            raise Problem("a literal without N goes beyond ASCII")
    else:
        raise Problem(f"not a literal: {type(node).__name__}")
    if kind == "oracle" and len(literal.encode()) > 4000:
        raise Problem("a literal of Oracle is longer than 4000 bytes")
    return CONTINUATION.sub("", literal) if kind == "mssql" else literal


def check(record):
    kind = record["kind"]
    statements = sqlglot.parse(record["sql"], read=DIALECTS[kind])
    if len(statements) != 1 or not isinstance(statements[0], exp.Insert):
        raise Problem(f"{len(statements)} statements, not one INSERT")
    values = statements[0].expression
    if not isinstance(values, exp.Values):
        raise Problem("no VALUES")
    rows = [[text_of(node, kind) for node in row.expressions] for row in values.expressions]
    if rows != record["rows"]:
        for row, expected in zip(rows, record["rows"]):
            if row != expected:
                raise Problem(f"read {row!r:.400} instead of {expected!r:.400}")
        raise Problem(f"{len(rows)} rows instead of {len(record['rows'])}")
    return sum(map(len, rows))


def main():
    statement_count = literal_count = 0
    with open(sys.argv[1], encoding="utf-8", newline="\n") as file:
        for line in file:
            record = json.loads(line)
            try:
                literal_count += check(record)
            except (Problem, sqlglot.errors.SqlglotError) as problem:
                print(f"statement {statement_count}, {record['kind']}: {problem!s:.1200}")
                print(f"{record['sql']!r:.1200}")
                return 1
            statement_count += 1
    print(f"{statement_count} statements, {literal_count} literals")
    return 0


if __name__ == "__main__":
    sys.exit(main())
