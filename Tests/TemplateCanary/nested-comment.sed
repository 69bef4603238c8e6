# file: Sources/SQLTemplate/SQLLexer.swift
# databases: PostgreSQL
# Comments do not nest.
s/^( +)dialect\.facts\.blockComments != \.flat$/\1dialect.facts.blockComments != .flat, !TemplateCanary.breaks("nested-comment")/
