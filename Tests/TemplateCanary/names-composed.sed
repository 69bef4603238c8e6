# file: Sources/SQLTemplate/ProgramBuilder+Names.swift
# databases: SQLite
# Names that are equal by Unicode are one.
s/let field = ExactText\(name\.isExactly\("_id"\) \? "id" : name\)/let field = ExactText(name.isExactly("_id") ? "id" : TemplateCanary.breaks("names-composed") ? TemplateCanary.composed(name) : name)/
