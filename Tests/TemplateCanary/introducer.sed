# file: Sources/SQLTemplate/SQLLexer.swift
# databases: MariaDB
# A word that names a character set is forgotten.
s/if isIntroducer\(name\) \{/if isIntroducer(name), !TemplateCanary.breaks("introducer") {/
