# file: Sources/SQLTemplate/SQLState.swift
# databases: MariaDB
# Where two ways meet only the first one counts.
s/^( +)joined\.seams\.formUnion\(other\.seams\)$/\1if !TemplateCanary.breaks("ways-not-united") { joined.seams.formUnion(other.seams) }/
