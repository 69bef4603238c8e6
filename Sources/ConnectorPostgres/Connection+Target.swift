internal import CLibPQ
internal import Connector
internal import SQLTemplate
internal import SegmentModel

/// The session's calls, over one `PostgresExchange` each.
extension PostgresConnection: TargetConnection {
    var cancellation: any CancelSwitch { signal }

    private var exchange: PostgresExchange { PostgresExchange(self) }

    func createCursorTable() throws(TargetFailure) {
        let exchange = exchange
        try PostgresDialect.cursorMigrations.apply { () throws(TargetFailure) in
            try exchange.run(PostgresDialect.cursorColumns).rows.compactMap { $0.first ?? nil }
        } run: { (sql) throws(TargetFailure) in
            try exchange.run(sql)
        }
    }

    func begin() throws(TargetFailure) { try exchange.begin() }

    func execute(_ sql: [UInt8]) throws(TargetFailure) -> Int { try exchange.execute(sql) }

    func executeOrUndo(_ sql: [UInt8]) throws(TargetFailure) -> Int {
        let exchange = exchange
        try exchange.run("SAVEPOINT segledger_query")
        do throws(TargetFailure) {
            let count = try exchange.execute(sql)
            try exchange.run("RELEASE segledger_query")
            return count
        } catch {
            if !error.isConnectionLost { try exchange.run("ROLLBACK TO segledger_query") }
            throw error
        }
    }

    func checkConstraintsAtOnce() throws(TargetFailure) {
        try exchange.run("SET CONSTRAINTS ALL IMMEDIATE")
    }

    func query(_ sql: [UInt8]) throws(TargetFailure) -> [[String?]] { try exchange.query(sql) }

    /// A block refuses what would end it, and a text that says so is refused when it is saved.
    var queriesCanCommit: Bool { false }

    func commit() throws(TargetFailure) { try exchange.commit() }

    func rollback() throws(TargetFailure) { try exchange.rollback() }

    func readCursor(_ lane: LaneKey) throws(TargetFailure) -> TargetCursor? {
        let parameters = CursorSQL.readParameters(lane)
        let row = try exchange.run(PostgresDialect.cursor.read, parameters).rows.first
        guard let row else { return nil }
        return try CursorSQL.cursor(fromRow: row)
    }

    func readCursors(
        of integration: String, after segment: SegmentID?
    ) throws(TargetFailure) -> [SegmentCursor] {
        let parameters = CursorSQL.pageParameters(integration, after: segment)
        let rows = try exchange.run(PostgresDialect.cursor.readPage, parameters).rows
        return try CursorSQL.cursors(fromPage: rows, after: segment)
    }

    /// One statement, which is a transaction.
    func claimCursor(
        _ lane: LaneKey, initial: TargetCursor
    ) throws(TargetFailure) -> TargetCursor { try claimHere(lane, initial: initial) }

    func claimHere(
        _ lane: LaneKey, initial: TargetCursor
    ) throws(TargetFailure) -> TargetCursor {
        let parameters = CursorSQL.claimParameters(lane, initial: initial)
        let rows = try exchange.run(PostgresDialect.cursor.claim, parameters).rows
        return try CursorSQL.cursor(fromRow: rows.first ?? [])
    }

    func advanceCursor(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
    ) throws(TargetFailure) -> Bool {
        let parameters = CursorSQL.advanceParameters(lane, from: expected, to: next)
        return try exchange.run(PostgresDialect.cursor.advance, parameters).rowCount == 1
    }

    /// Bound queries that come first run in the same round trip.
    func beginAndHold(
        _ delivery: TargetDelivery, _ move: TargetDelivery.Move
    ) throws(TargetFailure) -> TargetBeginning {
        var outcome: PostgresPipeline.Outcome
        if let ahead, ahead.deliveryID == delivery.id {
            self.ahead = nil
            restartClock(isCancellable: true)
            outcome = try ahead.pipeline.finish()
        } else {
            outcome = try PostgresPipeline(self, firstQueries(of: delivery))
                .run(delivery.lane, move)
        }
        var beginning = TargetBeginning(isHeld: true)
        while true {
            switch outcome {
            case .done(let rowCounts): beginning.rowCounts = rowCounts
            case .notHeld: beginning.isHeld = false
            case .unbindable(let query): beginning.unbindable = query
            case .stale:
                // What was prepared is forgotten, so this comes once.
                try exchange.rollback()
                outcome = try PostgresPipeline(self, firstQueries(of: delivery))
                    .run(delivery.lane, move)
                continue
            }
            return beginning
        }
    }

    private func firstQueries(of delivery: TargetDelivery) -> [BoundQuery] {
        let first = delivery.queries.prefix { $0.isBound }
        return first.compactMap { if case .bound(let query) = $0 { query } else { nil } }
    }

    /// A delivery that comes next is begun here, and under way when this returns.
    func moveHeldAndCommit(
        _ lane: LaneKey, _ move: TargetDelivery.Move, before next: TargetDelivery?
    ) throws(TargetFailure) -> Bool {
        guard let next, let nextMove = next.move, statements.left.isEmpty else {
            try exchange.commit()
            return true
        }
        let pipeline = PostgresPipeline(self, firstQueries(of: next))
        try pipeline.commitFirst(next.lane, nextMove)
        ahead = (next.id, pipeline)
        return true
    }

    /// Behind other queries: not prepared, because what comes is seldom the same.
    func execute(_ query: BoundQuery) throws(TargetFailure) -> Int {
        switch try PostgresPipeline(self, [query]).run() {
        case .done(let rowCounts): return rowCounts.reduce(0, +)
        case .notHeld, .stale, .unbindable: throw PostgresFailures.unbindable
        }
    }
}
