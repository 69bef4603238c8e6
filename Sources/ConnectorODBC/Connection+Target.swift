internal import Connector
internal import SegmentModel

/// The session's calls, over one `ODBCExchange` each.
extension ODBCConnection: TargetConnection {
    /// Claims that two sessions begin at once meet each other this often at most.
    private static let claimTryCount = 4

    var cancellation: any CancelSwitch { watch }

    private var exchange: ODBCExchange { ODBCExchange(self) }

    func createCursorTable() throws(TargetFailure) { try exchange.createCursorTable() }

    func begin() throws(TargetFailure) { try exchange.begin() }

    func execute(_ sql: [UInt8]) throws(TargetFailure) -> Int { try exchange.execute(sql) }

    var undoesQueries: Bool { dialect.savepoint != nil }

    func executeOrUndo(_ sql: [UInt8]) throws(TargetFailure) -> Int {
        try exchange.executeOrUndo(sql)
    }

    func checkConstraintsAtOnce() throws(TargetFailure) {
        if let statement = dialect.constraintsAtOnce { try exchange.run(statement) }
    }

    func query(_ sql: [UInt8]) throws(TargetFailure) -> [[String?]] { try exchange.query(sql) }

    func commit() throws(TargetFailure) { try exchange.commit() }

    func rollback() throws(TargetFailure) { try exchange.rollback() }

    func readCursor(_ lane: LaneKey) throws(TargetFailure) -> TargetCursor? {
        let parameters = CursorSQL.readParameters(lane)
        let row = try exchange.run(dialect.cursor.read, parameters).rows.first
        guard let row else { return nil }
        return try CursorSQL.cursor(fromRow: row)
    }

    func readCursors(
        of integration: String, after segment: SegmentID?
    ) throws(TargetFailure) -> [SegmentCursor] {
        let parameters = CursorSQL.pageParameters(integration, after: segment)
        let rows = try exchange.run(dialect.cursor.readPage, parameters).rows
        return try CursorSQL.cursors(fromPage: rows, after: segment)
    }

    /// Without one statement that every database has for it: raises the row's epoch, or inserts the
    /// row, and begins again where another session has just done that.
    func claimCursor(
        _ lane: LaneKey, initial: TargetCursor
    ) throws(TargetFailure) -> TargetCursor {
        var tryCount = 1
        while true {
            do throws(TargetFailure) {
                return try inTransaction { () throws(TargetFailure) in
                    let claimed = try claimHere(lane, initial: initial)
                    try commit()
                    return claimed
                }
            } catch {
                guard dialect.repeatedKeyCodes.contains(error.targetCode),
                    tryCount < Self.claimTryCount, !error.isConnectionLost
                else { throw error }
                tryCount += 1
            }
        }
    }

    func claimHere(
        _ lane: LaneKey, initial: TargetCursor
    ) throws(TargetFailure) -> TargetCursor {
        let key = CursorSQL.readParameters(lane)
        if try exchange.run(dialect.cursor.raiseEpoch, key).rowCount == 0 {
            let row = CursorSQL.claimParameters(lane, initial: initial)
            try exchange.run(dialect.cursor.insert, row)
        }
        guard let claimed = try readCursor(lane) else { throw ODBCFailures.cursorGone }
        return claimed
    }

    /// Every DDL does on Oracle, and SQL Server takes COMMIT in a batch.
    var queriesCanCommit: Bool { true }

    func advanceCursor(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
    ) throws(TargetFailure) -> Bool {
        let parameters = CursorSQL.advanceParameters(lane, from: expected, to: next)
        return try exchange.run(dialect.cursor.advance, parameters).rowCount == 1
    }

    /// The cursor is locked first and moved last: where a query commits by itself, as every DDL
    /// does on Oracle, the cursor has not moved, and nothing counts as delivered that was not.
    func beginAndHold(
        _ delivery: TargetDelivery, _ move: TargetDelivery.Move
    ) throws(TargetFailure) -> TargetBeginning {
        try begin()
        let expected = CursorSQL.expectedParameters(delivery.lane, move.expected)
        return TargetBeginning(
            isHeld: try exchange.run(dialect.cursor.lock, expected).rowCount == 1)
    }

    func moveHeld(_ lane: LaneKey, _ move: TargetDelivery.Move) throws(TargetFailure) -> Bool {
        try advanceCursor(lane, from: move.expected, to: move.next)
    }
}
