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

    func begin() throws(TargetFailure) { try run(SQLiteDialect.begin) }

    func executeOrUndo(_ sql: [UInt8]) throws(TargetFailure) -> Int {
        try run("SAVEPOINT segledger_query")
        do throws(TargetFailure) {
            let count = try execute(sql)
            try run("RELEASE segledger_query")
            return count
        } catch {
            // Some failures end the transaction by themselves.
            if isInTransaction {
                watch.lower()
                try run("ROLLBACK TO segledger_query")
                try run("RELEASE segledger_query")
            }
            throw error
        }
    }

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
