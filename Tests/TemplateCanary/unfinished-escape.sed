# file: Sources/SQLTemplate/SQLLexer+Strings.swift
# databases: PostgreSQL
# An escape that can take more characters does not seal at a tag.
s/^( +)guard let byte = peek\(\) else \{ return false \}$/\1guard let byte = peek() else { return TemplateCanary.breaks("unfinished-escape") }/
