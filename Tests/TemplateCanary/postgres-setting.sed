# file: Sources/ConnectorPostgres/Reading.swift
# databases: PostgreSQL, standard_conforming_strings off
# standard_conforming_strings = off changes nothing.
s/hasBackslash: settings\.contains\(\.backslashEscapes\)\)$/hasBackslash: settings.contains(.backslashEscapes) \&\& !TemplateCanary.breaks("postgres-setting"))/
