import Connector
import SegmentModel
import Synchronization
import Testing

/// What every adapter over a blocking client has from `TargetConnection`: the course of a delivery,
/// over a connection that does what it is told.
@Suite("The course of a delivery over a connection that blocks")
struct TargetConnectionTests {
    private static let start = CursorConformanceTests.initial

    /// Notes its calls, and fails at those that it is told to fail at.
    private final class ScriptedConnection: TargetConnection {
        struct Switch: CancelSwitch {
            func raise() {}
            func lower() {}
        }

        let calls = Mutex<[String]>([])
        let failures: [String: TargetFailure]
        let isExpected: Bool
        let row: TargetCursor?
        let queriesCanCommit: Bool

        init(
            failing failures: [String: TargetFailure] = [:], isExpected: Bool = true,
            row: TargetCursor? = TargetConnectionTests.start, queriesCanCommit: Bool = false
        ) {
            (self.failures, self.isExpected, self.row) = (failures, isExpected, row)
            self.queriesCanCommit = queriesCanCommit
        }

        private func call(_ name: String) throws(TargetFailure) {
            calls.withLock { $0.append(name) }
            if let failure = failures[name] { throw failure }
        }

        var cancellation: any CancelSwitch { Switch() }
        func createCursorTable() throws(TargetFailure) { try call("create") }
        func begin() throws(TargetFailure) { try call("begin") }
        func execute(_ sql: [UInt8]) throws(TargetFailure) -> Int {
            try call(String(decoding: sql, as: UTF8.self))
            return sql.count
        }

        func executeOrUndo(_ sql: [UInt8]) throws(TargetFailure) -> Int { try execute(sql) }
        func query(_ sql: [UInt8]) throws(TargetFailure) -> [[String?]] { [] }
        func commit() throws(TargetFailure) { try call("commit") }
        func rollback() throws(TargetFailure) { try call("rollback") }
        func gradeFacts(of tables: GradeFacts.Tables) throws(TargetFailure) -> GradeFacts {
            GradeFacts()
        }

        func readCursor(_ lane: LaneKey) throws(TargetFailure) -> TargetCursor? {
            try call("read")
            return row
        }

        func readCursors(
            of integration: String, after segment: SegmentID?
        ) throws(TargetFailure) -> [SegmentCursor] { [] }
        func claimHere(
            _ lane: LaneKey, initial: TargetCursor
        ) throws(TargetFailure) -> TargetCursor {
            try call("claim \(lane.segment)")
            return initial
        }

        func advanceCursor(
            _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
        ) throws(TargetFailure) -> Bool {
            try call("move")
            return isExpected
        }

        func close() {}
    }

    private static func delivery(
        _ id: String = "1", movesRow: Bool = true, commitsByItself: Bool = false,
        follows: String? = nil
    ) -> TargetDelivery {
        let next = CursorConformanceTests.moved(start, to: 1)
        var delivery = TargetDelivery(
            lane: CursorConformanceTests.lane, id: id,
            move: movesRow ? .init(from: start, to: next) : nil,
            queries: [.text(sql("a")), .text(sql("bb"))], commitsByItself: commitsByItself)
        delivery.follows = follows
        return delivery
    }

    private static func failure(
        _ class: TargetFailure.Class = .values, isLost: Bool = false, isUnknown: Bool = false
    ) -> TargetFailure {
        TargetFailure(
            class: `class`, targetCode: "1", message: "no", isOutcomeUnknown: isUnknown,
            isConnectionLost: isLost)
    }

    private static func open(_ connection: ScriptedConnection) async throws -> any TargetSession {
        try await ThreadSession.open(threadName: "scripted") { connection }
    }

    /// What a delivery comes to, and what was called for it.
    private func deliver(
        _ delivery: TargetDelivery, over connection: ScriptedConnection
    ) async throws -> (result: TargetDeliveryResult?, failure: TargetFailure?, calls: [String]) {
        let session = try await Self.open(connection)
        var result: TargetDeliveryResult?
        let failure = try await caught { result = try await session.deliver(delivery) }
        await session.close()
        return (result, failure, connection.calls.withLock { $0 })
    }

    @Test("INV-6: a delivery is its row's move and its queries, between BEGIN and COMMIT")
    func committed() async throws {
        let moved = try await deliver(Self.delivery(), over: ScriptedConnection())
        #expect(moved.result == .committed(rowCounts: [1, 2]))
        #expect(moved.calls == ["begin", "move", "a", "bb", "commit"])
        let rowless = try await deliver(Self.delivery(movesRow: false), over: ScriptedConnection())
        #expect(rowless.result == .committed(rowCounts: [1, 2]))
        #expect(rowless.calls == ["begin", "a", "bb", "commit"])
    }

    @Test("INV-6: a delivery whose row is not as expected runs no query")
    func fenced() async throws {
        let fenced = try await deliver(Self.delivery(), over: ScriptedConnection(isExpected: false))
        #expect(fenced.result == .fenced)
        #expect(fenced.calls == ["begin", "move", "rollback"])
    }

    @Test("INV-6: what a refused query's delivery did is taken back, and the failure names it")
    func refused() async throws {
        for (place, query) in ["a", "bb"].enumerated() {
            let refused = try await deliver(
                Self.delivery(), over: ScriptedConnection(failing: [query: Self.failure()]))
            #expect(refused.failure?.query == place)
            #expect(refused.failure?.class == .values)
            #expect(refused.failure?.isConnectionLost == false)
            #expect(refused.calls.last == "rollback")
            #expect(!refused.calls.contains("commit"))
        }
    }

    @Test("A connection that cannot roll back is lost; one that is lost is not asked to")
    func brokenRollback() async throws {
        let broken = try await deliver(
            Self.delivery(),
            over: ScriptedConnection(
                failing: ["bb": Self.failure(), "rollback": Self.failure(.permanent)]))
        #expect(broken.failure?.class == .values)
        #expect(broken.failure?.isConnectionLost == true)
        let lost = try await deliver(
            Self.delivery(),
            over: ScriptedConnection(failing: ["bb": Self.failure(.transient, isLost: true)]))
        #expect(lost.failure?.isConnectionLost == true)
        #expect(!lost.calls.contains("rollback"))
    }

    @Test(
        "INV-6: a COMMIT whose reply is lost keeps the rows that its queries told",
        arguments: [(true, false), (false, false), (true, true)])
    func lostCommit(movesRow: Bool, commitsByItself: Bool) async throws {
        for isUnknown in [true, false] {
            let commit = Self.failure(.transient, isLost: true, isUnknown: isUnknown)
            let lost = try await deliver(
                Self.delivery(movesRow: movesRow, commitsByItself: commitsByItself),
                over: ScriptedConnection(failing: ["commit": commit]))
            #expect(lost.failure?.isOutcomeUnknown == isUnknown)
            #expect(lost.failure?.rowCounts == (isUnknown ? [1, 2] : nil))
        }
    }

    @Test("INV-6: queries that commit by themselves run if the row is as expected, before it moves")
    func commitsByItself() async throws {
        let delivery = Self.delivery(commitsByItself: true)
        let good = try await deliver(delivery, over: ScriptedConnection())
        #expect(good.result == .committed(rowCounts: [1, 2]))
        #expect(good.calls == ["read", "a", "bb", "begin", "move", "commit"])
        for row in [nil, CursorConformanceTests.moved(Self.start, to: 4)] {
            let stranger = try await deliver(delivery, over: ScriptedConnection(row: row))
            #expect(stranger.result == .fenced)
            #expect(stranger.calls == ["read"])
        }
        let meanwhile = try await deliver(delivery, over: ScriptedConnection(isExpected: false))
        #expect(meanwhile.result == .fenced)
        #expect(meanwhile.calls.suffix(3) == ["begin", "move", "rollback"])
    }

    @Test("INV-6: a delivery begins only directly behind the one that it follows")
    func follows() async throws {
        let connection = ScriptedConnection(failing: ["bad": Self.failure()])
        let session = try await Self.open(connection)
        var bad = Self.delivery("2")
        bad.queries = [.text(sql("bad"))]
        let behindFirst = Self.delivery("3", follows: "1")
        let both = TargetDeliveryResult.committed(rowCounts: [1, 2])
        #expect(try await session.deliver(behindFirst) == .notBegun)
        #expect(try await session.deliver(Self.delivery()) == both)
        #expect(try await session.deliver(Self.delivery("3", follows: "0")) == .notBegun)
        #expect(try await session.deliver(behindFirst) == both)
        #expect(try await session.deliver(behindFirst) == .notBegun)
        let last = Self.delivery("4", follows: "3")
        #expect(try await caught { _ = try await session.deliver(bad) } != nil)
        #expect(try await session.deliver(last) == .notBegun)
        await session.close()
    }

    // MARK: Several lanes

    private func together(
        over connection: ScriptedConnection
    ) async throws -> (counts: [[Int]]?, failure: TargetFailure?, calls: [String]) {
        let session = try await Self.open(connection)
        var counts: [[Int]]?
        let failure = try await caught {
            counts = try await session.deliverTogether([Self.delivery("1"), Self.delivery("2")])
        }
        await session.close()
        return (counts, failure, connection.calls.withLock { $0 })
    }

    @Test("INV-6: lanes that share a transaction move rows and run queries, all or none")
    func deliveredTogether() async throws {
        let done = try await together(over: ScriptedConnection())
        #expect(done.counts == [[1, 2], [1, 2]])
        #expect(done.calls == ["begin", "move", "a", "bb", "move", "a", "bb", "commit"])
        let fenced = try await together(over: ScriptedConnection(isExpected: false))
        #expect(fenced.counts == nil && fenced.failure == nil)
        #expect(fenced.calls == ["begin", "move", "rollback"])
        let refused = try await together(over: ScriptedConnection(failing: ["bb": Self.failure()]))
        #expect(refused.counts == nil && refused.failure == nil)
        #expect(refused.calls == ["begin", "move", "a", "bb", "rollback"])
    }

    @Test("INV-6: of lanes whose shared COMMIT is not answered the rows are known, one by one")
    func lostTogether() async throws {
        for isUnknown in [true, false] {
            let commit = Self.failure(.transient, isLost: true, isUnknown: isUnknown)
            let lost = try await together(over: ScriptedConnection(failing: ["commit": commit]))
            #expect(lost.failure?.isConnectionLost == true)
            #expect(lost.failure?.isOutcomeUnknown == isUnknown)
            #expect(lost.failure?.rowCounts == (isUnknown ? [1, 2, 1, 2] : nil))
        }
    }

    @Test("Lanes are taken over in one transaction, all or none")
    func claimedTogether() async throws {
        let claims = (1...2).map { number in
            TargetClaim(
                LaneKey(integration: "crm", segment: SegmentID(Int64(number))), initial: Self.start)
        }
        for fails in [false, true] {
            let connection = ScriptedConnection(failing: fails ? ["claim 2": Self.failure()] : [:])
            let session = try await Self.open(connection)
            let failure = try await caught {
                let rows = try await session.claimCursors(claims)
                #expect(rows == [Self.start, Self.start])
            }
            #expect((failure != nil) == fails)
            let end = fails ? "rollback" : "commit"
            #expect(connection.calls.withLock { $0 } == ["begin", "claim 1", "claim 2", end])
            await session.close()
        }
    }

    @Test("INV-6: a delivery that follows does not begin behind those of other lanes")
    func followsNothingShared() async throws {
        let session = try await Self.open(ScriptedConnection())
        #expect(try await session.deliver(Self.delivery()) == .committed(rowCounts: [1, 2]))
        #expect(try await session.deliverTogether([Self.delivery("2")]) == [[1, 2]])
        #expect(try await session.deliver(Self.delivery("3", follows: "1")) == .notBegun)
        await session.close()
    }
}
