internal import CMariaDB
internal import Connector
internal import SQLTemplate
internal import SegmentModel

/// The session's calls, over one `MySQLExchange` each.
extension MySQLConnection: TargetConnection {
    var cancellation: any CancelSwitch { signal }

    private var exchange: MySQLExchange { MySQLExchange(self) }

    func createCursorTable() throws(TargetFailure) {
        let exchange = exchange
        /// The engine of the table and whether it has transactions; nil: there is no table.
        func engine() throws(TargetFailure) -> [String?]? {
            try exchange.run(MySQLDialect.cursorTable).rows.first
        }
        try MySQLDialect.cursorMigrations.apply { () throws(TargetFailure) in
            try exchange.run(MySQLDialect.cursorColumns).rows.compactMap {
                $0.first??.lowercased()
            }
        } run: { (sql) throws(TargetFailure) in
            try exchange.run(sql)
        }
        guard let row = try engine(), row.count == 2, row[1] == "YES" else {
            throw MySQLFailures.cursorWithoutTransactions
        }
    }

    func begin() throws(TargetFailure) { try exchange.begin() }

    func execute(_ sql: [UInt8]) throws(TargetFailure) -> Int { try exchange.execute(sql) }

    func executeOrUndo(_ sql: [UInt8]) throws(TargetFailure) -> Int {
        let exchange = exchange
        try exchange.run("SAVEPOINT segledger_query")
        do throws(TargetFailure) {
            let count = try exchange.execute(sql)
            try exchange.run("RELEASE SAVEPOINT segledger_query")
            return count
        } catch {
            guard !error.isConnectionLost, isServerInTransaction else {
                var failure = error
                failure.isTransactionOver = true
                throw failure
            }
            try exchange.undoToSavepoint("segledger_query")
            throw error
        }
    }

    /// Only MariaDB has bulk statements.
    var bindsValues: Bool {
        isMariaDB && BulkSupport.isWhole(version: Int(mysql_get_server_version(handle)))
    }

    /// Every DDL does.
    var queriesCanCommit: Bool { true }

    func execute(_ query: BoundQuery) throws(TargetFailure) -> Int {
        try exchange.execute(query)
    }

    func query(_ sql: [UInt8]) throws(TargetFailure) -> [[String?]] { try exchange.query(sql) }

    func commit() throws(TargetFailure) { try exchange.commit() }

    func rollback() throws(TargetFailure) { try exchange.rollback() }

    func readCursor(_ lane: LaneKey) throws(TargetFailure) -> TargetCursor? {
        let parameters = CursorSQL.readParameters(lane)
        let row = try exchange.run(MySQLDialect.readCursor, parameters).rows.first
        guard let row else { return nil }
        return try CursorSQL.cursor(fromRow: row)
    }

    func readCursors(
        of integration: String, after segment: SegmentID?
    ) throws(TargetFailure) -> [SegmentCursor] {
        let parameters = CursorSQL.pageParameters(integration, after: segment)
        let rows = try exchange.run(MySQLDialect.readPage, parameters).rows
        return try CursorSQL.cursors(fromPage: rows, after: segment)
    }

    func claimHere(
        _ lane: LaneKey, initial: TargetCursor
    ) throws(TargetFailure) -> TargetCursor {
        let parameters = CursorSQL.claimParameters(lane, initial: initial)
        try exchange.run(MySQLDialect.claimCursor, parameters)
        guard let claimed = try readCursor(lane) else { throw MySQLFailures.cursorGone }
        return claimed
    }

    func advanceCursor(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
    ) throws(TargetFailure) -> Bool {
        let parameters = CursorSQL.advanceParameters(lane, from: expected, to: next)
        return try exchange.run(MySQLDialect.advanceCursor, parameters).rowCount == 1
    }

    func beginAndHold(
        _ delivery: TargetDelivery, _ move: TargetDelivery.Move
    ) throws(TargetFailure) -> TargetBeginning {
        let beginning = MySQLBeginning(delivery, move)
        if transaction == .open, begun == beginning { return TargetBeginning(isHeld: true) }
        try exchange.rollback()
        guard try exchange.begin(beginning) else { return TargetBeginning(isHeld: false) }
        begun = beginning
        return TargetBeginning(isHeld: true)
    }

    func moveHeldAndCommit(
        _ lane: LaneKey, _ move: TargetDelivery.Move, before next: TargetDelivery?
    ) throws(TargetFailure) -> Bool {
        guard let beginning = begun else { return false }
        begun = nil
        let following =
            locksAtOnce
            ? next.flatMap { next in next.move.map { MySQLBeginning(next, $0) } } : nil
        let isBegun = try exchange.commit(beginning, thenBegin: following)
        begun = isBegun ? following : nil
        return true
    }
}
