import Foundation
import KindTesting
import SegmentModel

/// A kind of database in one of its settings, which random templates are tried on.
struct TestedDatabase: CustomStringConvertible, Sendable {
    enum Reader: Sendable {
        case postgres, mariaDB, sqlite, clickHouse18, clickHouseEngine
        /// No server: `TokenReader` reads what is rendered.
        case tokens
    }

    let description: String
    let rules: SQLRules
    let reader: Reader

    init(_ description: String, _ rules: SQLRules, _ reader: Reader) {
        self.description = description
        self.rules = rules
        self.reader = reader
    }

    var isTransactional: Bool { rules.kind != .clickhouse }

    static let all = [
        TestedDatabase("PostgreSQL", SQLRules(.postgresql), .postgres),
        TestedDatabase(
            "PostgreSQL, standard_conforming_strings off",
            SQLRules(.postgresql, .backslashEscapes), .postgres),
        TestedDatabase("MariaDB", SQLRules(.mysql), .mariaDB),
        TestedDatabase("MariaDB, ANSI_QUOTES", SQLRules(.mysql, .ansiQuotes), .mariaDB),
        TestedDatabase(
            "MariaDB, NO_BACKSLASH_ESCAPES", SQLRules(.mysql, .noBackslashEscapes), .mariaDB),
        TestedDatabase(
            "MariaDB, ANSI_QUOTES, NO_BACKSLASH_ESCAPES",
            SQLRules(.mysql, [.ansiQuotes, .noBackslashEscapes]), .mariaDB),
        TestedDatabase("SQLite", SQLRules(.sqlite), .sqlite),
        TestedDatabase("ClickHouse 18", SQLRules(.clickhouse), .clickHouse18),
        TestedDatabase("ClickHouse's current engine", SQLRules(.clickhouse), .clickHouseEngine),
        TestedDatabase("SQL Server", SQLRules(.mssql), .tokens),
        TestedDatabase(
            "SQL Server, QUOTED_IDENTIFIER off", SQLRules(.mssql, .doubleQuotedStrings), .tokens),
        TestedDatabase("Oracle", SQLRules(.oracle), .tokens),
    ]

    /// All, or those whose names begin with one of SEGLEDGER_DATABASES (with semicolons between).
    static let chosen: [TestedDatabase] = {
        let environment = ProcessInfo.processInfo.environment
        guard let names = environment["SEGLEDGER_DATABASES"] else { return all }
        return all.filter { database in
            names.split(separator: ";").contains { database.description.hasPrefix($0) }
        }
    }()
}
