# file: Sources/ConnectorMySQL/Reading.swift
# databases: MariaDB, NO_BACKSLASH_ESCAPES
# NO_BACKSLASH_ESCAPES changes nothing.
s/let hasBackslash = !settings\.contains\(\.noBackslashEscapes\)$/let hasBackslash = !settings.contains(.noBackslashEscapes) || TemplateCanary.breaks("mysql-setting")/
