internal import CMariaDB

/// What the results of one SQL text come to.
struct MySQLResults {
    /// Rows that were written, over all statements, as the server counts for a client that asks for
    /// rows found (CLIENT_FOUND_ROWS): an UPDATE counts what it found, also where nothing changed;
    /// ON DUPLICATE KEY UPDATE counts 1 for a row inserted or already so, 2 for a row changed;
    /// REPLACE counts 2 for a row replaced.
    var rowCount: Int { writtenRowCounts.reduce(0, +) }
    /// Of each statement that is done; those that returned rows wrote none.
    private(set) var writtenRowCounts: [Int] = []
    /// Of the last statement that returned rows.
    private(set) var rows: [[String?]] = []
    /// No statement began a transaction, ended the one it ran in, or turned autocommit off. One
    /// that ended it and began another at once is found at the commit.
    private(set) var isTransactionKept = true
    /// How many warnings the last statement gave; notes count.
    var warningCount = 0
    private let isInTransaction: Bool

    /// `isInTransaction`: the text runs inside of one.
    init(isInTransaction: Bool) {
        self.isInTransaction = isInTransaction
    }

    /// `rowCount` is the largest number for a statement that has none.
    mutating func add(rowCount: UInt64) {
        writtenRowCounts.append(Int(exactly: rowCount) ?? 0)
    }

    mutating func add(rows stored: UnsafeMutablePointer<MYSQL_RES>) {
        rows = []
        writtenRowCounts.append(0)
        let columnCount = Int(mysql_num_fields(stored))
        while let row = mysql_fetch_row(stored), let lengths = mysql_fetch_lengths(stored) {
            rows.append(
                (0..<columnCount).map { column in
                    row[column].map { start in
                        let count = Int(lengths[column])
                        return String(
                            decoding: UnsafeRawBufferPointer(start: start, count: count),
                            as: UTF8.self)
                    }
                })
        }
    }

    /// How the server stands after a statement.
    mutating func add(isInTransaction: Bool, isCommittingEach: Bool) {
        if isInTransaction != self.isInTransaction || !isCommittingEach {
            isTransactionKept = false
        }
    }
}
