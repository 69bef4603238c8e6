package import Connector
package import SegmentModel
internal import StorageIO
internal import Synchronization

/// A session on a MySQL or MariaDB server, with a thread of its own.
package final class MySQLSession: TargetSession {
    private let connection: Mutex<MySQLConnection?>
    private let signal: CancelSignal
    private let thread: OwnedThread

    init(connection: MySQLConnection, thread: OwnedThread) {
        signal = connection.signal
        self.connection = Mutex(connection)
        self.thread = thread
    }

    private func run<Result: Sendable>(
        _ body: @escaping @Sendable (MySQLExchange) throws -> Result
    ) async throws -> Result {
        guard let connection = connection.withLock({ $0 }) else { throw MySQLFailures.closed }
        // Forgets a cancellation of what ran before, not one of the caller's own task.
        signal.lower()
        if Task.isCancelled { signal.raise() }
        return try await thread.run { try body(MySQLExchange(connection)) }
    }

    package func createCursorTable() async throws {
        try await run { exchange in
            /// The engine of the table and whether it has transactions; nil: there is no table.
            func engine() throws -> [String?]? {
                try exchange.run(MySQLDialect.cursorTable).rows.first
            }
            if try engine() == nil {
                for file in EmbeddedMigrations.files { try exchange.run(file.sql) }
            }
            guard let row = try engine(), row.count == 2, row[1] == "YES" else {
                throw MySQLFailures.cursorWithoutTransactions
            }
        }
    }

    package func begin() async throws {
        try await run { try $0.begin() }
    }

    package func execute(_ sql: [UInt8]) async throws -> Int {
        try await run { try $0.execute(sql) }
    }

    package func query(_ sql: [UInt8]) async throws -> [[String?]] {
        try await run { try $0.query(sql) }
    }

    package func commit() async throws {
        try await run { try $0.commit() }
    }

    package func rollback() async throws {
        try await run { try $0.rollback() }
    }

    package func readCursor(_ lane: LaneKey) async throws -> TargetCursor? {
        try await run { try Self.readCursor(lane, over: $0) }
    }

    package func claimCursor(
        _ lane: LaneKey, initial: TargetCursor
    ) async throws -> TargetCursor {
        try await run { exchange in
            try Self.inTransaction(over: exchange) { (exchange) throws(TargetFailure) in
                let parameters = CursorSQL.claimParameters(lane, initial: initial)
                try exchange.run(MySQLDialect.claimCursor, parameters)
                guard let claimed = try Self.readCursor(lane, over: exchange) else {
                    throw MySQLFailures.cursorGone
                }
                try exchange.commit()
                return claimed
            }
        }
    }

    package func advanceCursor(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
    ) async throws -> Bool {
        try await run { try Self.advanceCursor(lane, from: expected, to: next, over: $0) }
    }

    package func deliver(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult {
        try await run { exchange in
            try Self.inTransaction(over: exchange) { (exchange) throws(TargetFailure) in
                try Self.deliver(delivery, over: exchange)
            }
        }
    }

    package func cancel() {
        signal.raise()
    }

    package func close() async {
        guard let connection = connection.withLock({ $0.take() }) else { return }
        do {
            try await thread.run { connection.close() }
        } catch {
            preconditionFailure("closing does not throw")
        }
        thread.stop()
    }

    private static func readCursor(
        _ lane: LaneKey, over exchange: MySQLExchange
    ) throws(TargetFailure) -> TargetCursor? {
        let parameters = CursorSQL.readParameters(lane)
        let row = try exchange.run(MySQLDialect.readCursor, parameters).rows.first
        guard let row else { return nil }
        return try CursorSQL.cursor(fromRow: row)
    }

    private static func advanceCursor(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor,
        over exchange: MySQLExchange
    ) throws(TargetFailure) -> Bool {
        let parameters = CursorSQL.advanceParameters(lane, from: expected, to: next)
        return try exchange.run(MySQLDialect.advanceCursor, parameters).rowCount == 1
    }

    /// The cursor is locked first and moved last: where a query commits by itself, as every DDL
    /// does here, the cursor has not moved, and nothing counts as delivered that was not.
    private static func deliver(
        _ delivery: TargetDelivery, over exchange: MySQLExchange
    ) throws(TargetFailure) -> TargetDeliveryResult {
        let expected = CursorSQL.expectedParameters(delivery.lane, delivery.expected)
        guard try exchange.run(MySQLDialect.lockCursor, expected).rows.count == 1 else {
            try exchange.rollback()
            return .fenced
        }
        var rowCount = 0
        for query in delivery.queries { rowCount += try exchange.execute(query) }
        guard
            try advanceCursor(
                delivery.lane, from: delivery.expected, to: delivery.next, over: exchange)
        else {
            try exchange.rollback()
            return .fenced
        }
        try exchange.commit()
        return .committed(rowCount: rowCount)
    }

    /// Begins a transaction, which `body` ends; rolls back if it throws. A session that cannot even
    /// roll back is of no more use.
    private static func inTransaction<Result>(
        over exchange: MySQLExchange, _ body: (MySQLExchange) throws(TargetFailure) -> Result
    ) throws(TargetFailure) -> Result {
        do throws(TargetFailure) {
            try exchange.begin()
            return try body(exchange)
        } catch {
            var failure = error
            do throws(TargetFailure) {
                if !failure.isConnectionLost { try exchange.rollback() }
            } catch {
                failure.isConnectionLost = true
            }
            throw failure
        }
    }
}
