internal import Connector
internal import SegmentModel

/// The session's calls.
extension SQLiteConnection: TargetConnection {
    var cancellation: any CancelSwitch { watch }

    func createCursorTable() throws(TargetFailure) {
        for file in EmbeddedMigrations.files { _ = try execute(Array(file.sql.utf8)) }
    }

    func begin() throws(TargetFailure) { try run(SQLiteDialect.begin) }

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
