package import Connector
package import SegmentModel
internal import StorageIO
internal import Synchronization

/// A session on a PostgreSQL server, with a thread of its own.
package final class PostgresSession: TargetSession {
    private let connection: Mutex<PostgresConnection?>
    private let signal: CancelSignal
    private let thread: OwnedThread

    init(connection: PostgresConnection, thread: OwnedThread) {
        signal = connection.signal
        self.connection = Mutex(connection)
        self.thread = thread
    }

    private func run<Result: Sendable>(
        _ body: @escaping @Sendable (PostgresExchange) throws -> Result
    ) async throws -> Result {
        guard let connection = connection.withLock({ $0 }) else { throw PostgresFailures.closed }
        // Forgets a cancellation of what ran before, not one of the caller's own task.
        signal.lower()
        if Task.isCancelled { signal.raise() }
        return try await thread.run { try body(PostgresExchange(connection)) }
    }

    package func createCursorTable() async throws {
        try await run { exchange in
            func isThere() throws -> Bool {
                try exchange.run(PostgresDialect.hasCursorTable).rows.first?.first == "t"
            }
            if try isThere() { return }
            do throws(TargetFailure) {
                for file in EmbeddedMigrations.files { try exchange.run(file.sql) }
            } catch {
                // Two sessions that create it at once can meet in a unique index of the catalogue.
                guard try !error.isConnectionLost && isThere() else { throw error }
            }
        }
    }

    package func begin() async throws {
        try await run { _ = try $0.run("BEGIN") }
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
        try await run { exchange in
            let sql = PostgresDialect.cursor.read
            let rows = try exchange.run(sql, CursorSQL.readParameters(lane)).rows
            return try rows.first.map(CursorSQL.cursor(fromRow:))
        }
    }

    package func claimCursor(
        _ lane: LaneKey, initial: TargetCursor
    ) async throws -> TargetCursor {
        try await run { exchange in
            let parameters = CursorSQL.claimParameters(lane, initial: initial)
            let rows = try exchange.run(PostgresDialect.cursor.claim, parameters).rows
            return try CursorSQL.cursor(fromRow: rows.first ?? [])
        }
    }

    package func advanceCursor(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
    ) async throws -> Bool {
        try await run { exchange in
            let parameters = CursorSQL.advanceParameters(lane, from: expected, to: next)
            return try exchange.run(PostgresDialect.cursor.advance, parameters).rowCount == 1
        }
    }

    package func deliver(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult {
        try await run { exchange in
            do throws(TargetFailure) {
                return try Self.deliver(delivery, over: exchange)
            } catch {
                throw Self.rollBack(exchange, after: error)
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

    private static func deliver(
        _ delivery: TargetDelivery, over exchange: PostgresExchange
    ) throws(TargetFailure) -> TargetDeliveryResult {
        guard try exchange.beginAndAdvance(delivery) else {
            try exchange.rollback()
            return .fenced
        }
        var rowCount = 0
        for query in delivery.queries { rowCount += try exchange.execute(query) }
        try exchange.commit()
        return .committed(rowCount: rowCount)
    }

    /// The failure to report; a session that cannot even roll back is of no more use.
    private static func rollBack(
        _ exchange: PostgresExchange, after failure: TargetFailure
    ) -> TargetFailure {
        var failure = failure
        do {
            if !failure.isConnectionLost { try exchange.rollback() }
        } catch {
            failure.isConnectionLost = true
        }
        return failure
    }
}
