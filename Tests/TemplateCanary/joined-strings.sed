# file: Sources/SQLTemplate/SQLLexer+Strings.swift
# databases: PostgreSQL
# A string behind E'…' is read by its own rules.
s/^( +)case \.otherwise: took\(1, \[\.quote, \.afterString, \.afterEscapeString\]\)$/\1case .otherwise: took(1, TemplateCanary.breaks("joined-strings") ? [.quote, .afterString] : [.quote, .afterString, .afterEscapeString])/
