import Connector
import EventJSON
import Ledger
import SegmentModel
import Synchronization
import Testing

@testable import Projection
@testable import Sync

@Suite("A target is recognised before anything is written")
struct RecognitionTests {
    // MARK: The table

    private static let lane = LaneKey(integration: "crm", segment: SegmentID(1))
    private static let known = fingerprint(20)
    private static let own: [Position: Fingerprint] = Dictionary(
        uniqueKeysWithValues: (0...30).map { (Position($0), fingerprint($0)) })

    private static func fingerprint(_ position: UInt64, of copy: UInt128 = 1) -> Fingerprint {
        Fingerprint(position: Position(position), digest: UInt128(position) << 8 | copy)
    }

    private static func laneRow(_ change: (inout LaneRow) -> Void = { _ in }) -> LaneRow {
        var row = LaneRow(
            key: lane, epoch: 3, cursor: LaneCursor(position: Position(15), profileCount: 2),
            fingerprint: known, successfulQueryCount: 7, lastResync: Position(4),
            pendingResync: nil, started: nil, hasLeft: false)
        change(&row)
        return row
    }

    private static func row(_ change: (inout TargetCursor) -> Void = { _ in }) -> TargetCursor {
        var row = TargetCursor(
            ledger: "t", epoch: 3, cursor: LaneCursor(position: Position(15), profileCount: 2),
            resync: 4, queryCount: 7, fingerprint: known)
        change(&row)
        return row
    }

    private struct Case: CustomTestStringConvertible {
        var testDescription: String
        var lane: LaneRow?
        var row: TargetCursor?
        var finding: Recognition.Finding
        /// Where the row does not move with each delivery.
        var withoutTransactions: Recognition.Finding

        init(
            _ name: String, _ lane: LaneRow?, _ row: TargetCursor?,
            _ finding: Recognition.Finding, or other: Recognition.Finding? = nil
        ) {
            testDescription = name
            self.lane = lane
            self.row = row
            self.finding = finding
            withoutTransactions = other ?? finding
        }
    }

    private static let cases = [
        Case("as it was left", laneRow(), row(), .same),
        Case("claimed since", laneRow(), row { $0.epoch = 9 }, .same),
        Case("nobody was there", nil, nil, .untouched),
        Case(
            "asked for, and not yet there",
            laneRow {
                $0.cursor = LaneCursor(position: nil)
                $0.epoch = 0
            }, nil, .untouched),
        Case("delivered without a row", laneRow { $0.epoch = 0 }, nil, .untouched),
        Case("no row", laneRow(), nil, .missing),
        Case("an event further", laneRow(), row(to: 16), .ahead, or: .same),
        Case(
            "profiles further", laneRow(), row(to: 15, profiles: 3), .ahead, or: .same),
        Case("a query more", laneRow(), row { $0.queryCount = 8 }, .ahead, or: .same),
        Case("the first receipt is lost", nil, row(), .ahead),
        Case("written a moment later", laneRow(), row { $0.fingerprint = fingerprint(25) }, .same),
        Case("of the first form", laneRow(), row { $0.fingerprint = nil }, .same),
        Case("receipts of the first form", laneRow { $0.fingerprint = nil }, row(), .same),
        Case("an event back", laneRow(), row(to: 14, profiles: 9), .behind, or: .same),
        Case("profiles back", laneRow(), row(to: 15, profiles: 1), .behind, or: .same),
        Case("at the beginning", laneRow(), row(to: nil), .behind, or: .same),
        Case("before a redrive", laneRow(), row { $0.queryCount = 6 }, .behind, or: .same),
        Case("before a rebuild", laneRow(), row { $0.resync = -1 }, .behind, or: .same),
        Case(
            "back with equal figures", laneRow(), row { $0.fingerprint = fingerprint(19) },
            .behind, or: .same),
        Case("before a claim", laneRow(), row { $0.epoch = 2 }, .behind),
        Case("of another ledger", laneRow(), row { $0.ledger = "u" }, .foreign),
        Case("of another ledger, new here", nil, row { $0.ledger = "u" }, .foreign),
        Case(
            "of another copy", laneRow(), row { $0.fingerprint = fingerprint(20, of: 2) },
            .diverged),
        Case(
            "of another copy, later", laneRow(), row { $0.fingerprint = fingerprint(22, of: 2) },
            .diverged),
        Case(
            "of another copy, new here", nil, row { $0.fingerprint = fingerprint(2, of: 2) },
            .diverged),
        Case(
            "beyond the end", laneRow(), row { $0.fingerprint = fingerprint(31) }, .diverged),
        Case(
            "of the first form, beyond the end", laneRow(),
            row {
                $0.fingerprint = nil
                $0.cursor = LaneCursor(position: Position(30))
            }, .diverged),
        Case(
            "of the first form, at the end", laneRow(),
            row {
                $0.fingerprint = nil
                $0.cursor = LaneCursor(position: Position(29))
            }, .ahead, or: .same),
    ]

    private static func row(to position: UInt64?, profiles: Int = 0) -> TargetCursor {
        row {
            $0.cursor = LaneCursor(
                position: position.map { Position($0) }, profileCount: profiles)
        }
    }

    @Test("INV-12: what a row is beside the receipts", arguments: cases)
    private func finding(one: Case) {
        for (support, wanted) in [
            (CursorSupport.transactional, one.finding), (.fenceOnly, one.withoutTransactions),
        ] {
            let recognition = Recognition(timeline: "t", end: Position(30), support: support)
            let rows = one.row.map { [Self.lane.segment: $0] } ?? [:]
            let lanes = one.lane.map { [Self.lane.segment: $0] } ?? [:]
            let asked = recognition.asked(lanes, rows)
            let own = Self.own.filter { asked.contains($0.key) }
            #expect(recognition.finding(one.lane, one.row, own: own) == wanted)
        }
    }

    @Test("INV-12: rows that say what the receipts say ask nothing of the ledger")
    func asksLittle() {
        let recognition = Recognition(
            timeline: "t", end: Position(30), support: .transactional)
        var lanes: [SegmentID: LaneRow] = [:]
        var rows: [SegmentID: TargetCursor] = [:]
        for number in 0..<1000 {
            lanes[SegmentID(Int64(number))] = Self.laneRow()
            rows[SegmentID(Int64(number))] = Self.row()
        }
        #expect(recognition.asked(lanes, rows).isEmpty)
        rows[SegmentID(7)]?.fingerprint = Self.fingerprint(25)
        rows[SegmentID(8)]?.fingerprint = Self.fingerprint(99)
        rows[SegmentID(9)]?.ledger = "u"
        #expect(recognition.asked(lanes, rows) == [Position(25)])
    }

    @Test("INV-12: one reason counts the lanes, and the gravest is told")
    func counts() {
        let recognition = Recognition(
            timeline: "t", end: Position(30), support: .transactional)
        var lanes: [SegmentID: LaneRow] = [:]
        var rows: [SegmentID: TargetCursor] = [:]
        for number in 1...5 {
            lanes[SegmentID(Int64(number))] = Self.laneRow { $0.hasLeft = number == 5 }
            rows[SegmentID(Int64(number))] = Self.row()
        }
        func message(_ rebuilding: Recognition.Rebuilding = .init()) -> String? {
            recognition.judge(lanes, rows, own: Self.own, rebuilding: rebuilding)
                .failure(of: "crm", rows, lanes)?.message
        }
        #expect(message() == nil)
        // A lane that was left, and a segment of somebody else's.
        rows[SegmentID(5)] = nil
        rows[SegmentID(6)] = Self.row { $0.ledger = "u" }
        #expect(message() == nil)
        rows[SegmentID(4)] = Self.row(to: 3)
        rows[SegmentID(2)] = Self.row(to: 4)
        #expect(message()?.contains("went back: 2 of 4 segments") == true)
        #expect(
            message()?.contains("segment 2 (at position 4, delivered up to position 15)") == true)
        #expect(message(.init(byOperator: [SegmentID(2), SegmentID(4)])) == nil)
        #expect(message(.init(byFill: [SegmentID(2), SegmentID(4)])) == nil)
        rows[SegmentID(1)] = nil
        #expect(message()?.contains("went back: 3 of 4 segments") == true)
        #expect(message()?.contains("segment 1 (at nothing, delivered up to") == true)
        rows[SegmentID(3)]?.fingerprint = Self.fingerprint(22, of: 2)
        #expect(message()?.contains("another copy of this ledger at 1 of 4") == true)
        #expect(message(.init(byFill: [SegmentID(3)]))?.contains("another copy") == true)
        #expect(message(.init(byOperator: [SegmentID(3)]))?.contains("went back") == true)
        // What no lane delivers tells as well that the ledger went back.
        rows[SegmentID(6)] = Self.row { $0.fingerprint = Self.fingerprint(31) }
        #expect(message()?.contains("another copy of this ledger at 2 of 5") == true)
    }

    // MARK: Integrations

    /// A world with deliveries to two segments, and a target that has them.
    private func delivered() async throws -> (World, MemoryTarget) {
        let world = try World()
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["a", "b"])
        try await world.append(.profilesAdded, 2, ["c"])
        let target = MemoryTarget()
        #expect(try await world.sync(target).state == .done)
        return (world, target)
    }

    private func stop(_ outcome: IntegrationOutcome) -> String {
        if case .stopped(let failure) = outcome.state { failure.message } else { "" }
    }

    @Test("INV-12: a target that was put back is noticed, with or without new events")
    func wentBack() async throws {
        for hasNews in [false, true] {
            let (world, target) = try await delivered()
            let old = target.state.withLock { ($0.queries, $0.cursors) }
            try await world.append(.profilesAdded, 1, ["d"])
            #expect(try await world.sync(target).state == .done)
            target.state.withLock { ($0.queries, $0.cursors) = old }
            if hasNews { try await world.append(.profilesAdded, 2, ["e"]) }
            let outcome = try await world.sync(target)
            #expect(stop(outcome).contains("the target went back: 1 of 2 segments"))
            #expect(target.queries == old.0)
            try await world.close()
        }
    }

    @Test("INV-12: an emptied target is noticed before a row is written")
    func emptied() async throws {
        let (world, target) = try await delivered()
        target.state.withLock { ($0.queries, $0.cursors) = ([], [:]) }
        let outcome = try await world.sync(target)
        #expect(stop(outcome).contains("no row for what was delivered to 2 of 2 segments"))
        #expect(target.queries.isEmpty)
        try await world.close()
    }

    @Test("INV-12: a fill takes over nobody's lane; an operator's resync does")
    func fillOfAnother() async throws {
        let (first, target) = try await delivered()
        let before = target.state.withLock { ($0.queries, $0.cursors) }
        let second = try World()
        second.definition.start = .fill
        try await second.append(.profilesAdded, 1, ["z"])
        try await second.append(.profilesAdded, 2, ["y"])
        try await second.configure()
        let outcome = try await second.sync(target)
        #expect(stop(outcome).contains("another ledger or timeline at 2 of 2 segments"))
        #expect(target.state.withLock { $0.cursors } == before.1)
        #expect(target.queries == before.0)
        let engine = second.engine(target)
        _ = try await engine.requestResync(second.definition, segments: [])
        let resync = try await engine.resync(
            second.definition, connectors: ["memory": target.definition],
            options: SyncEngine.Options())
        #expect(resync.state == .done)
        let queries = target.queries.dropFirst(before.0.count)
        #expect(queries.contains { $0.contains("'z'") })
        #expect(try await second.statistics().total.successfulQueries == queries.count)
        #expect(target.queryCount == queries.count)
        #expect(stop(try await first.sync(target)).contains("another ledger or timeline"))
        try await first.close()
        try await second.close()
    }

    @Test("INV-12: another ledger's mark of a rebuild is not taken for one's own")
    func markOfAnother() async throws {
        let (world, target) = try await delivered()
        let engine = world.engine(target)
        let request = try #require(
            try await engine.requestResync(world.definition, segments: []))
        // A copy of the ledger has carried out a request at the same place.
        target.state.withLock { state in
            for key in state.cursors.keys {
                state.cursors[key]?.resync = Int64(request.rawValue)
                state.cursors[key]?.fingerprint = Fingerprint(
                    position: request.advanced(by: 1), digest: 5)
            }
            state.queries = []
        }
        let stopped = try await engine.resync(
            world.definition, connectors: ["memory": target.definition],
            options: SyncEngine.Options())
        // It may be the same request, from before the copy was made: no word to take it over.
        #expect(stop(stopped).contains("another copy of this ledger"))
        #expect(target.queries.isEmpty)
        let outcome = try await world.resync(target)
        #expect(outcome.state == .done)
        #expect(target.members == ["c"] || target.queries.contains { $0.contains("'a'") })
        #expect(target.queries.contains { $0.contains("'c'") })
        #expect(try await world.sync(target).state == .done)
        try await world.close()
    }

    @Test("INV-12: a resync empties segments that only another copy of the ledger knows")
    func strangers() async throws {
        let (world, target) = try await delivered()
        target.state.withLock { state in
            var row = state.cursors.values.first!
            row.fingerprint = Fingerprint(position: world.ledger.end, digest: 5)
            state.cursors[LaneKey(integration: "crm", segment: SegmentID(9))] = row
        }
        #expect(stop(try await world.sync(target)).contains("the first is segment 9"))
        #expect(try await world.resync(target).state == .done)
        #expect(target.queries.contains("CLEAR 9") && target.queries.contains("DROP 9"))
        #expect(!target.queries.contains { $0.hasPrefix("SAVE 9") })
        #expect(try await world.sync(target).state == .done)
        try await world.close()
    }

    @Test("INV-12: rows of an earlier version are marked once, and that is told")
    func marked() async throws {
        let (world, target) = try await delivered()
        target.state.withLock { state in
            for key in state.cursors.keys { state.cursors[key]?.fingerprint = nil }
        }
        for expected in [[2], []] {
            let told = Mutex<[Int]>([])
            var options = SyncEngine.Options()
            options.tell = { notice in
                if case .marked(let count) = notice.kind { told.withLock { $0.append(count) } }
            }
            let outcome = try await world.engine(target).run(
                [world.definition], connectors: ["memory": target.definition], options: options)[0]
            #expect(outcome.state == .done)
            #expect(told.withLock { $0 } == expected)
            let rows = target.state.withLock { $0.cursors.values.map(\.fingerprint) }
            #expect(!rows.contains(nil))
        }
        try await world.append(.profilesAdded, 1, ["e"])
        #expect(try await world.sync(target).state == .done)
        try await world.close()
    }
}
