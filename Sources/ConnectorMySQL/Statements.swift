internal import SQLTemplate

/// Cuts a query into what is sent one after the other: a server keeps the warnings of the last
/// statement only, so that each has to be the last one once.
enum MySQLStatements {
    /// Statements without statements inside: a semicolon behind them parts two.
    private static let verbs: Set<String> = [
        "INSERT", "REPLACE", "UPDATE", "DELETE", "SELECT", "WITH", "SET", "DO", "CALL", "DROP",
        "EXECUTE", "PREPARE", "DEALLOCATE", "TRUNCATE",
    ]

    /// The statements; the whole text where it is not certain where one ends, as in a compound
    /// statement or the body of a routine.
    static func parts(of sql: [UInt8], _ dialect: SQLDialect) -> [[UInt8]] {
        guard sql.dropLast().contains(UInt8(ascii: ";")) else { return [sql] }
        let parts = dialect.statements(in: sql)
        guard parts.count > 1, parts.allSatisfy({ verbs.contains(firstWord(of: sql[$0])) }) else {
            return [sql]
        }
        return parts.map { Array(sql[$0]) }
    }

    private static func firstWord(of statement: ArraySlice<UInt8>) -> String {
        let word = statement.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
            .prefix { (0x41...0x5A).contains($0 & 0xDF) && $0 < 0x80 }
        return String(decoding: word, as: UTF8.self).uppercased()
    }
}
