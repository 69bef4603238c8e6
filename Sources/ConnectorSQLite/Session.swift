package import Connector
package import SegmentModel
internal import StorageIO
internal import Synchronization

/// A session on a SQLite file, with a thread of its own.
package final class SQLiteSession: TargetSession {
    private let connection: Mutex<SQLiteConnection?>
    private let watch: StatementWatch
    private let thread: OwnedThread

    init(connection: SQLiteConnection, thread: OwnedThread) {
        watch = connection.watch
        self.connection = Mutex(connection)
        self.thread = thread
    }

    private func run<Result: Sendable>(
        _ body: @escaping @Sendable (SQLiteConnection) throws -> Result
    ) async throws -> Result {
        guard let connection = connection.withLock({ $0 }) else { throw SQLiteFailures.closed }
        watch.startOperation()
        if Task.isCancelled { watch.cancel() }
        return try await thread.run { try body(connection) }
    }

    package func createCursorTable() async throws {
        try await run { connection in
            for file in EmbeddedMigrations.files {
                _ = try connection.execute(Array(file.sql.utf8))
            }
        }
    }

    package func begin() async throws {
        try await run { _ = try $0.run(SQLiteDialect.begin) }
    }

    package func execute(_ sql: [UInt8]) async throws -> Int {
        try await run { try $0.execute(sql) }
    }

    package func query(_ sql: [UInt8]) async throws -> [[String?]] {
        try await run { try $0.query(sql) }
    }

    package func commit() async throws {
        try await run { _ = try $0.run("COMMIT") }
    }

    package func rollback() async throws {
        try await run { try $0.rollback() }
    }

    package func readCursor(_ lane: LaneKey) async throws -> TargetCursor? {
        try await run { connection in
            let sql = SQLiteDialect.cursor.read
            let rows = try connection.run(sql, CursorSQL.readParameters(lane))
            return try rows.first.map(CursorSQL.cursor(fromRow:))
        }
    }

    package func claimCursor(
        _ lane: LaneKey, initial: TargetCursor
    ) async throws -> TargetCursor {
        try await run { connection in
            let parameters = CursorSQL.claimParameters(lane, initial: initial)
            let rows = try connection.run(SQLiteDialect.cursor.claim, parameters)
            return try CursorSQL.cursor(fromRow: rows.first ?? [])
        }
    }

    package func advanceCursor(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
    ) async throws -> Bool {
        try await run { try Self.advance($0, lane, from: expected, to: next) }
    }

    package func deliver(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult {
        try await run { connection in
            do throws(TargetFailure) {
                return try Self.deliver(delivery, over: connection)
            } catch {
                throw Self.rollBack(connection, after: error)
            }
        }
    }

    package func cancel() {
        watch.cancel()
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

    private static func advance(
        _ connection: SQLiteConnection, _ lane: LaneKey, from expected: TargetCursor,
        to next: TargetCursor
    ) throws(TargetFailure) -> Bool {
        let parameters = CursorSQL.advanceParameters(lane, from: expected, to: next)
        try connection.run(SQLiteDialect.cursor.advance, parameters)
        return connection.changeCount == 1
    }

    private static func deliver(
        _ delivery: TargetDelivery, over connection: SQLiteConnection
    ) throws(TargetFailure) -> TargetDeliveryResult {
        try connection.run(SQLiteDialect.begin)
        let isAdvanced = try advance(
            connection, delivery.lane, from: delivery.expected, to: delivery.next)
        guard isAdvanced else {
            try connection.rollback()
            return .fenced
        }
        var rowCount = 0
        for query in delivery.queries { rowCount += try connection.execute(query) }
        try connection.run("COMMIT")
        return .committed(rowCount: rowCount)
    }

    /// The failure to report; a session that cannot even roll back is of no more use.
    private static func rollBack(
        _ connection: SQLiteConnection, after failure: TargetFailure
    ) -> TargetFailure {
        var failure = failure
        do {
            try connection.rollback()
        } catch {
            failure.isConnectionLost = true
        }
        return failure
    }
}
