# file: Sources/SQLTemplate/SQLLexer.swift
# databases: ClickHouse 18
# Nothing is a comment behind //.
s/if byte == UInt8\(ascii: "\/"\), dialect\.facts\.hasSlashComments \{/if byte == UInt8(ascii: "\/"), dialect.facts.hasSlashComments, !TemplateCanary.breaks("slash-comment") {/
