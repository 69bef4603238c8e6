package import SegmentModel
package import StorageIO
internal import Synchronization

/// A session over a blocking connection, with a thread of its own.
package final class ThreadSession<Connection: TargetConnection>: TargetSession {
    private let connection: Mutex<Connection?>
    private let cancellation: any CancelSwitch
    private let takesValues: Atomic<Bool>
    private let thread: OwnedThread

    private init(_ connection: Connection, on thread: OwnedThread) {
        cancellation = connection.cancellation
        takesValues = Atomic(connection.bindsValues)
        self.connection = Mutex(connection)
        self.thread = thread
    }

    /// Opens a connection on a new thread.
    package static func open(
        threadName: String, _ connect: @escaping @Sendable () throws -> Connection
    ) async throws -> ThreadSession {
        let thread = OwnedThread(name: threadName)
        do {
            return ThreadSession(try await thread.run(connect), on: thread)
        } catch {
            thread.stop()
            throw error
        }
    }

    private func run<Result: Sendable>(
        _ body: @escaping @Sendable (Connection) throws -> Result
    ) async throws -> Result {
        guard let connection = connection.withLock({ $0 }) else {
            throw TargetFailure(
                class: .transient, targetCode: "", message: "the session is closed",
                isConnectionLost: true)
        }
        // Forgets a cancellation of what ran before, not one of the caller's own task.
        cancellation.lower()
        if Task.isCancelled { cancellation.raise() }
        return try await thread.run { try body(connection) }
    }

    package func openCursors() async throws -> CursorSupport {
        try await run { try $0.openCursors() }
    }

    package func begin() async throws { try await run { try $0.begin() } }

    package func execute(_ sql: [UInt8]) async throws -> Int {
        try await run { try $0.execute(sql) }
    }

    package func executeOrUndo(_ sql: [UInt8]) async throws -> Int {
        try await run { try $0.executeOrUndo(sql) }
    }

    package func query(_ sql: [UInt8]) async throws -> [[String?]] {
        try await run { try $0.query(sql) }
    }

    package func commit() async throws { try await run { try $0.commit() } }

    package func rollback() async throws { try await run { try $0.rollback() } }

    package func readCursor(_ lane: LaneKey) async throws -> TargetCursor? {
        try await run { try $0.readCursor(lane) }
    }

    package func claimCursor(
        _ lane: LaneKey, initial: TargetCursor
    ) async throws -> TargetCursor {
        try await run { try $0.claimCursor(lane, initial: initial) }
    }

    package func advanceCursor(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
    ) async throws -> Bool {
        try await run { try $0.advanceCursor(lane, from: expected, to: next) }
    }

    package var bindsValues: Bool { takesValues.load(ordering: .relaxed) }

    package func deliver(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult {
        let result = try await run { connection in
            (try connection.deliver(delivery), connection.bindsValues)
        }
        takesValues.store(result.1, ordering: .relaxed)
        return result.0
    }

    package func cancel() { cancellation.raise() }

    package func close() async {
        guard let connection = connection.withLock({ $0.take() }) else { return }
        do {
            try await thread.run { connection.close() }
        } catch {
            preconditionFailure("closing does not throw")
        }
        thread.stop()
    }
}

extension CancelSignal: CancelSwitch {}
