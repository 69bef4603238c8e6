# file: Sources/SQLTemplate/SQLLexer.swift
# databases: PostgreSQL
# Comments do not nest.
s/^( +)dialect\.blockComments != \.flat$/\1dialect.blockComments != .flat, !TemplateCanary.breaks("nested-comment")/
