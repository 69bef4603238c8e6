import Connector
import SegmentModel
import StorageIO
import Synchronization
import Testing

@Suite("A call that does not come back")
struct CallAbandonmentTests {
    /// Blocks in `begin` until it is let go.
    private final class StuckConnection: TargetConnection {
        final class Switch: CancelSwitch {
            func raise() {}
            func lower() {}
        }

        let abandonment: CallAbandonment
        let entered = WakeUp()
        let released = WakeUp()
        let closed = WakeUp()
        let events = Mutex<[String]>([])

        init(_ abandonment: CallAbandonment) {
            self.abandonment = abandonment
        }

        var cancellation: any CancelSwitch { Switch() }

        private func note(_ event: String) { events.withLock { $0.append(event) } }

        func begin() throws(TargetFailure) {
            entered.signal()
            released.wait()
            note("begin")
        }

        func execute(_ sql: [UInt8]) throws(TargetFailure) -> Int { 7 }
        func executeOrUndo(_ sql: [UInt8]) throws(TargetFailure) -> Int { 7 }

        func close() {
            note("close")
            closed.signal()
        }

        func createCursorTable() throws(TargetFailure) {}
        func gradeFacts(of tables: GradeFacts.Tables) throws(TargetFailure) -> GradeFacts {
            GradeFacts()
        }

        func query(_ sql: [UInt8]) throws(TargetFailure) -> [[String?]] { [] }
        func commit() throws(TargetFailure) {}
        func rollback() throws(TargetFailure) {}
        func readCursors(
            of integration: String, after segment: SegmentID?
        ) throws(TargetFailure) -> [SegmentCursor] { [] }
        func readCursor(_ lane: LaneKey) throws(TargetFailure) -> TargetCursor? { nil }
        var queriesCanCommit: Bool { false }
        func claimHere(
            _ lane: LaneKey, initial: TargetCursor
        ) throws(TargetFailure) -> TargetCursor { initial }
        func advanceCursor(
            _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
        ) throws(TargetFailure) -> Bool { true }
    }

    /// Without holding a thread of Swift's pool.
    private static func wait(_ event: WakeUp) async {
        while !event.wait(milliseconds: 0) { await Task.yield() }
    }

    private static let failure = TargetFailure(
        class: .transient, targetCode: "HYT01", message: "left behind", isConnectionLost: true)

    @Test("Its caller goes on, the session is closed, and so is the connection once it comes back")
    func leavesBehind() async throws {
        let abandonment = CallAbandonment()
        let connection = StuckConnection(abandonment)
        let session = try await ThreadSession.open(
            threadName: "stuck", abandonment: abandonment
        ) { connection }
        #expect(try await session.execute([]) == 7)
        let running = Task { try await caught { try await session.begin() } }
        await Self.wait(connection.entered)
        abandonment.abandon(Self.failure)
        abandonment.abandon(Self.failure)
        #expect(try await running.value == Self.failure)
        let next = try await caught { _ = try await session.execute([]) }
        #expect(next?.isConnectionLost == true)
        await session.close()
        connection.released.signal()
        await Self.wait(connection.closed)
        #expect(connection.events.withLock { $0 } == ["begin", "close"])
    }

    @Test("Nothing is abandoned between two calls")
    func idle() async throws {
        let abandonment = CallAbandonment()
        let connection = StuckConnection(abandonment)
        let session = try await ThreadSession.open(
            threadName: "stuck", abandonment: abandonment
        ) { connection }
        abandonment.abandon(Self.failure)
        #expect(try await session.execute([]) == 7)
        await session.close()
        #expect(connection.events.withLock { $0 } == ["close"])
    }

    @Test("A connection that is abandoned while it is opened is let go")
    func opening() async throws {
        let abandonment = CallAbandonment()
        let entered = WakeUp(), released = WakeUp()
        let running = Task {
            try await caught {
                _ = try await ThreadSession.open(
                    threadName: "stuck", abandonment: abandonment
                ) {
                    entered.signal()
                    released.wait()
                    return StuckConnection(abandonment)
                }
            }
        }
        await Self.wait(entered)
        abandonment.abandon(Self.failure)
        #expect(try await running.value == Self.failure)
        released.signal()
    }
}
