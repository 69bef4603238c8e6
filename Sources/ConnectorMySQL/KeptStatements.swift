internal import SQLTemplate

/// The bulk statements of one session, by the SQL of a row; at most `countMax`, the least recently
/// used is closed first.
struct KeptStatements {
    static let countMax = 16

    private var statements: [[UInt8]: (statement: MySQLBulkStatement, lastUse: Int)] = [:]
    private var useCount = 0

    mutating func find(_ shape: BoundShape) -> MySQLBulkStatement? {
        guard let statement = statements[shape.rowSQL]?.statement else { return nil }
        useCount += 1
        statements[shape.rowSQL]?.lastUse = useCount
        return statement
    }

    mutating func keep(_ statement: MySQLBulkStatement, for shape: BoundShape) {
        if statements.count >= Self.countMax,
            let oldest = statements.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            oldest.value.statement.close()
            statements[oldest.key] = nil
        }
        useCount += 1
        statements[shape.rowSQL] = (statement, useCount)
    }

    mutating func close() {
        for (statement, _) in statements.values { statement.close() }
        statements = [:]
    }
}

/// Which servers run bulk statements as they run the same rows in one text.
package enum BulkSupport {
    /// First release of each series in which a trigger that inserts does not make the server lose
    /// rows (https://jira.mariadb.org/browse/MDEV-24411), from the releases of August 2024. Other
    /// series before `allFrom` have none.
    private static let fixed = [
        1005: 100526, 1006: 100619, 1011: 101109, 1101: 110106, 1102: 110205, 1104: 110403,
    ]
    private static let allFrom = 110502

    /// `version` as `mysql_get_server_version` gives it: 10.11.9 is 101109.
    package static func isWhole(version: Int) -> Bool {
        version >= fixed[version / 100] ?? allFrom
    }
}
