# file: Sources/SQLTemplate/SQLLexer+Strings.swift
# databases: PostgreSQL;MariaDB
# A backslash directly before a tag does not seal.
s/^( +)guard let first = peek\(1\) else \{ return false \}$/\1guard let first = peek(1) else { index += 1; return TemplateCanary.breaks("lone-backslash") }/
