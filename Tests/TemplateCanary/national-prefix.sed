# file: Sources/SQLTemplate/Renderer+Writing.swift
# databases: SQL Server
# A string with characters beyond ASCII gets no N.
s/if isNational, form\.lacksNational \{/if isNational, form.lacksNational, !TemplateCanary.breaks("national-prefix") {/
