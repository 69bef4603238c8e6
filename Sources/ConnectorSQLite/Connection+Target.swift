internal import Connector
internal import SegmentModel

/// The session's calls.
extension SQLiteConnection: TargetConnection {
    var cancellation: any CancelSwitch { watch }

    func createCursorTable() throws(TargetFailure) {
        try SQLiteDialect.cursorMigrations.apply { () throws(TargetFailure) in
            try run(SQLiteDialect.cursorColumns).compactMap { $0.first ?? nil }
        } run: { (sql) throws(TargetFailure) in
            _ = try execute(Array(sql.utf8))
        }
        try requireUnmoved()
    }

    var bindsValues: Bool { true }

    /// The authorizer lets none.
    var queriesCanCommit: Bool { false }

    /// Whoever else writes to the file tries again after a rest: between two deliveries there must
    /// be a moment in which it can.
    var queuesDeliveries: Bool { false }

    /// Who waited for the lock may find another file in the place of this one.
    func begin() throws(TargetFailure) {
        checksConstraintsAtOnce = false
        try run(SQLiteDialect.begin)
        try requireUnmoved()
    }

    /// Some failures end the transaction by themselves, as those of RAISE(ROLLBACK). Without one a
    /// savepoint would begin another, and commit it at its end.
    func executeOrUndo(_ sql: [UInt8]) throws(TargetFailure) -> Int {
        guard isInTransaction else { throw SQLiteFailures.transactionOver }
        try run("SAVEPOINT segledger_query")
        do throws(TargetFailure) {
            let count = try execute(sql)
            if checksConstraintsAtOnce, hasUnresolvedKeys { throw SQLiteFailures.foreignKey }
            try run("RELEASE segledger_query")
            return count
        } catch {
            guard isInTransaction else {
                var failure = error
                failure.isTransactionOver = true
                throw failure
            }
            watch.lower()
            try run("ROLLBACK TO segledger_query")
            try run("RELEASE segledger_query")
            throw error
        }
    }

    /// Deferred foreign keys are all that SQLite checks at COMMIT.
    func checkConstraintsAtOnce() { checksConstraintsAtOnce = true }

    func commit() throws(TargetFailure) {
        try requireUnmoved()
        try run("COMMIT")
    }

    func readCursor(_ lane: LaneKey) throws(TargetFailure) -> TargetCursor? {
        let row = try run(SQLiteDialect.cursor.read, CursorSQL.readParameters(lane)).first
        guard let row else { return nil }
        return try CursorSQL.cursor(fromRow: row)
    }

    func readCursors(
        of integration: String, after segment: SegmentID?
    ) throws(TargetFailure) -> [SegmentCursor] {
        let parameters = CursorSQL.pageParameters(integration, after: segment)
        let rows = try run(SQLiteDialect.cursor.readPage, parameters)
        try requireUnmoved()
        return try CursorSQL.cursors(fromPage: rows, after: segment)
    }

    func claimHere(
        _ lane: LaneKey, initial: TargetCursor
    ) throws(TargetFailure) -> TargetCursor {
        let parameters = CursorSQL.claimParameters(lane, initial: initial)
        let rows = try run(SQLiteDialect.cursor.claim, parameters)
        return try CursorSQL.cursor(fromRow: rows.first ?? [])
    }

    func advanceCursor(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
    ) throws(TargetFailure) -> Bool {
        let parameters = CursorSQL.advanceParameters(lane, from: expected, to: next)
        try run(SQLiteDialect.cursor.advance, parameters)
        return changeCount == 1
    }
}
