# file: Sources/SQLTemplate/ContextAnalysis.swift
# databases: PostgreSQL
# A value may stand in a string that is code.
s/if !isInteger, state\.code\.isCode \{/if !isInteger, state.code.isCode, !TemplateCanary.breaks("code-string") {/
