"""Has another parser read statements for SQL Server and Oracle.

usage: check_statements.py FILE

FILE holds a JSON object a line: {"kind": "mssql" or "oracle", "sql": ..., "types": [...]}: the
statements that a text has to be, by sqlglot's names. Prints how many texts were read, or the first
that is something else.
"""

import json
import logging
import sys

import sqlglot

DIALECTS = {"mssql": "tsql", "oracle": "oracle"}


def main():
    # A statement that the parser does not know in detail is a Command, and a warning.
    logging.disable(logging.WARNING)
    count = 0
    with open(sys.argv[1], encoding="utf-8", newline="\n") as file:
        for line in file:
            record = json.loads(line)
            try:
                parsed = sqlglot.parse(record["sql"], read=DIALECTS[record["kind"]])
                found = [type(statement).__name__ for statement in parsed]
            except sqlglot.errors.SqlglotError as problem:
                found = [str(problem)[:400]]
            if found != record["types"]:
                print(f"{record['kind']}: {found} instead of {record['types']}: {record['sql']}")
                return 1
            count += 1
    print(f"{count} texts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
