package import SegmentModel
package import StorageIO
internal import Synchronization

/// A session over a blocking connection, with a thread of its own.
package final class ThreadSession<Connection: TargetConnection>: TargetSession {
    private let connection: Mutex<Connection?>
    private let cancellation: any CancelSwitch
    private let takesValues: Atomic<Bool>
    package let undoesQueries: Bool
    private let abandonment: CallAbandonment?
    private let thread: OwnedThread
    /// The delivery that follows the one under way.
    private let follower = Mutex<TargetDelivery?>(nil)
    /// The last delivery, if it was committed.
    private let committed = Mutex<String?>(nil)

    private init(
        _ connection: Connection, on thread: OwnedThread, abandonment: CallAbandonment?
    ) {
        cancellation = connection.cancellation
        takesValues = Atomic(connection.bindsValues)
        undoesQueries = connection.undoesQueries
        // What an adapter may have to abandon has to be alone.
        queuesDeliveries = connection.queuesDeliveries && abandonment == nil
        self.connection = Mutex(connection)
        self.thread = thread
        self.abandonment = abandonment
    }

    /// Opens a connection on a new thread.
    ///
    /// `abandonment` is what an adapter leaves calls by whose client library may never return. The
    /// session is closed for its owner then; the connection is closed, and the thread ends, when
    /// the call does come back, and until then, or until the process ends, both stay behind.
    package static func open(
        threadName: String, abandonment: CallAbandonment? = nil,
        _ connect: @escaping @Sendable () throws -> Connection
    ) async throws -> ThreadSession {
        let thread = OwnedThread(name: threadName)
        do {
            let connection = try await call(on: thread, abandonment, connect)
            return ThreadSession(connection, on: thread, abandonment: abandonment)
        } catch {
            thread.stop()
            throw error
        }
    }

    private static func call<Result: Sendable>(
        on thread: OwnedThread, _ abandonment: CallAbandonment?,
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        guard let abandonment else { return try await thread.run(body) }
        return try await withCheckedThrowingContinuation { continuation in
            abandonment.start { continuation.resume(throwing: $0) }
            thread.submit {
                let result = Swift.Result(catching: body)
                if abandonment.end() { continuation.resume(with: result) }
            }
        }
    }

    /// - Parameter follower: another call is under way, whose cancellation is this one's too.
    private func run<Result: Sendable>(
        follower: TargetDelivery? = nil, _ body: @escaping @Sendable (Connection) throws -> Result
    ) async throws -> Result {
        guard let connection = connection.withLock({ $0 }) else {
            throw TargetFailure(
                class: .transient, targetCode: "", message: "the session is closed",
                isConnectionLost: true)
        }
        // Forgets a cancellation of what ran before, not one of the caller's own task.
        if let follower {
            self.follower.withLock { $0 = follower }
        } else {
            cancellation.lower()
        }
        if Task.isCancelled { cancellation.raise() }
        do {
            return try await Self.call(on: thread, abandonment) { try body(connection) }
        } catch {
            if abandonment?.isAbandoned == true { leaveBehind() }
            throw error
        }
    }

    /// Whatever the thread is in is followed by the connection's end, and the thread's.
    private func leaveBehind() {
        guard let connection = connection.withLock({ $0.take() }) else { return }
        thread.submit { connection.close() }
        thread.stop()
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

    package func checkConstraintsAtOnce() async throws {
        try await run { try $0.checkConstraintsAtOnce() }
    }

    package func query(_ sql: [UInt8]) async throws -> [[String?]] {
        try await run { try $0.query(sql) }
    }

    package func commit() async throws { try await run { try $0.commit() } }

    package func rollback() async throws { try await run { try $0.rollback() } }

    package func readCursor(_ lane: LaneKey) async throws -> TargetCursor? {
        try await run { try $0.readCursor(lane) }
    }

    package func readCursors(
        of integration: String, after segment: SegmentID?
    ) async throws -> [SegmentCursor] {
        try await run { try $0.readCursors(of: integration, after: segment) }
    }

    package func claimCursor(
        _ lane: LaneKey, initial: TargetCursor
    ) async throws -> TargetCursor {
        try await run { try $0.claimCursor(lane, initial: initial) }
    }

    package func readCursors(_ lanes: [LaneKey]) async throws -> [TargetCursor?] {
        try await run { connection in
            var rows: [TargetCursor?] = []
            for lane in lanes { rows.append(try connection.readCursor(lane)) }
            return rows
        }
    }

    package func claimCursors(_ claims: [TargetClaim]) async throws -> [TargetCursor] {
        try await run { try $0.claimCursors(claims) }
    }

    package func advanceCursor(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
    ) async throws -> Bool {
        try await run { try $0.advanceCursor(lane, from: expected, to: next) }
    }

    package var bindsValues: Bool { takesValues.load(ordering: .relaxed) }

    package func deliver(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult {
        let follows = delivery.follows != nil
        let result = try await run(follower: follows ? delivery : nil) { connection in
            if follows { self.follower.withLock { $0 = nil } }
            let isNext = self.committed.withLock { last in
                guard !follows || last == delivery.follows else { return false }
                last = nil
                return true
            }
            guard isNext else {
                return (TargetDeliveryResult.notBegun, connection.bindsValues)
            }
            let result = try connection.deliver(delivery) {
                self.follower.withLock { $0?.follows == delivery.id ? $0 : nil }
            }
            if case .committed = result { self.committed.withLock { $0 = delivery.id } }
            return (result, connection.bindsValues)
        }
        takesValues.store(result.1, ordering: .relaxed)
        return result.0
    }

    package let queuesDeliveries: Bool

    package func shares(_ delivery: TargetDelivery) -> Bool {
        connection.withLock { $0?.shares(delivery) ?? false }
    }

    package func deliverTogether(_ deliveries: [TargetDelivery]) async throws -> [[Int]]? {
        try await run { connection in
            self.committed.withLock { $0 = nil }
            return try connection.deliverTogether(deliveries)
        }
    }

    package func gradeFacts(of tables: GradeFacts.Tables) async throws -> GradeFacts {
        try await run { try $0.gradeFacts(of: tables) }
    }

    package func cancel() { cancellation.raise() }

    package func close() async {
        guard let connection = connection.withLock({ $0.take() }) else { return }
        do {
            try await Self.call(on: thread, abandonment) { connection.close() }
        } catch {
            precondition(abandonment?.isAbandoned == true, "closing does not throw")
        }
        thread.stop()
    }
}

extension CancelSignal: CancelSwitch {}
