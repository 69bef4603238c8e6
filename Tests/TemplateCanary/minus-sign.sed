# file: Sources/SQLTemplate/Renderer+Writing.swift
# databases: PostgreSQL
# A minus sign may meet what stands before it.
s/if isEnclosed \&\& isApart \{/if (isEnclosed \&\& isApart) || TemplateCanary.breaks("minus-sign") {/
