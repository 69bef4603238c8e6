internal import Connector
internal import SegmentModel

/// The session's calls.
extension SQLiteConnection: TargetConnection {
    var cancellation: any CancelSwitch { watch }

    func createCursorTable() throws(TargetFailure) {
        for file in EmbeddedMigrations.files { _ = try execute(Array(file.sql.utf8)) }
    }

    var bindsValues: Bool { true }

    /// Whoever else writes to the file tries again after a rest: between two deliveries there must
    /// be a moment in which it can.
    var queuesDeliveries: Bool { false }

    func begin() throws(TargetFailure) {
        checksConstraintsAtOnce = false
        try run(SQLiteDialect.begin)
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

    func commit() throws(TargetFailure) { try run("COMMIT") }

    func readCursor(_ lane: LaneKey) throws(TargetFailure) -> TargetCursor? {
        let row = try run(SQLiteDialect.cursor.read, CursorSQL.readParameters(lane)).first
        guard let row else { return nil }
        return try CursorSQL.cursor(fromRow: row)
    }

    func claimCursor(
        _ lane: LaneKey, initial: TargetCursor
    ) throws(TargetFailure) -> TargetCursor {
        let parameters = CursorSQL.claimParameters(lane, initial: initial)
        return try CursorSQL.cursor(
            fromRow: run(SQLiteDialect.cursor.claim, parameters).first ?? [])
    }

    func advanceCursor(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
    ) throws(TargetFailure) -> Bool {
        let parameters = CursorSQL.advanceParameters(lane, from: expected, to: next)
        try run(SQLiteDialect.cursor.advance, parameters)
        return changeCount == 1
    }
}
