internal import CMariaDB
internal import Connector

/// What the results of one SQL text come to.
struct MySQLResults {
    /// Rows that were written, over all statements, as the server counts for a client that asks for
    /// rows found (CLIENT_FOUND_ROWS): an UPDATE counts what it found, also where nothing changed;
    /// ON DUPLICATE KEY UPDATE counts 1 for a row inserted or already so, 2 for a row changed;
    /// REPLACE counts 2 for a row replaced.
    var rowCount: Int { writtenRowCounts.reduce(0, +) }
    /// Of each statement that is done; those that returned rows wrote none.
    private(set) var writtenRowCounts: [Int] = []
    private var kept = KeptRows()
    /// Of the last statement that returned rows; where nobody wants them, none.
    var rows: [[String?]] { kept.rows }
    /// No statement began a transaction, ended the one it ran in, or turned autocommit off. One
    /// that ended it and began another at once is found at the commit.
    private(set) var isTransactionKept = true
    /// How many warnings the last statement gave; notes count.
    var warningCount = 0
    private let isInTransaction: Bool
    private let wantsRows: Bool

    /// `isInTransaction`: the text runs inside of one.
    init(isInTransaction: Bool, wantsRows: Bool = true) {
        self.isInTransaction = isInTransaction
        self.wantsRows = wantsRows
    }

    /// `rowCount` is the largest number for a statement that has none.
    mutating func add(rowCount: UInt64) {
        writtenRowCounts.append(Int(exactly: rowCount) ?? 0)
    }

    /// Forgets a statement of Segledger's own in front of the others.
    mutating func dropFirstStatement() {
        if !writtenRowCounts.isEmpty { writtenRowCounts.removeFirst() }
    }

    /// A statement that returns rows, which follow one by one.
    mutating func beginRows() {
        kept.removeAll()
        writtenRowCounts.append(0)
    }

    /// - Throws: more rows than are kept; the rest of the answer is not read.
    mutating func add(
        _ row: MYSQL_ROW, lengths: UnsafePointer<CUnsignedLong>, columnCount: Int
    ) throws(TargetFailure) {
        guard wantsRows else { return }
        try kept.append(
            (0..<columnCount).map { column in
                row[column].map { start in
                    let count = Int(lengths[column])
                    return String(
                        decoding: UnsafeRawBufferPointer(start: start, count: count),
                        as: UTF8.self)
                }
            })
    }

    /// How the server stands after a statement.
    mutating func add(isInTransaction: Bool, isCommittingEach: Bool) {
        if isInTransaction != self.isInTransaction || !isCommittingEach {
            isTransactionKept = false
        }
    }
}
