# file: Sources/SQLTemplate/SQLLexer.swift
# databases: SQL Server
# A bracket behind a block may double the one before it.
s/if seams\.contains\(\.quote\), byte == UInt8\(ascii: "\]"\), dialect\.facts\.isBracketDoubled \{/if seams.contains(.quote), byte == UInt8(ascii: "]"), dialect.facts.isBracketDoubled, !TemplateCanary.breaks("doubled-bracket") {/
