# file: Sources/SQLTemplate/Renderer+Writing.swift
# databases: SQLite
# batch_in writes numbers bare.
s/^( +)try writeQuoted\(value, row: row\)$/\1if TemplateCanary.breaks("batch-in-number"), value.kind == .number { try writeNumber(value, isEnclosed: false, row: row) } else { try writeQuoted(value, row: row) }/
