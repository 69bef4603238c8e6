internal import SQLTemplate

/// The bulk statements of one session, by the SQL of a row; at most `countMax`, the least recently
/// used is closed first.
struct BulkStatements {
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
