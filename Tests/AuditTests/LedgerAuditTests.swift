import Audit
import Crypto
import FrameCodec
import Ledger
import SegmentModel
import Synchronization
import Testing

@Suite struct LedgerAuditTests {
    private func sorted(_ ids: Set<String>) -> [String] {
        ids.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    }

    @Test("Members and differences at every position are those of a plain model")
    func membersAtEveryPosition() async throws {
        var generator = SeededGenerator()
        let scratch = try Scratch()
        let ledger = try scratch.open()
        var world = World()
        try await world.fill(ledger, batchCount: 60, &generator)
        let audit = LedgerAudit(ledger)
        let comment = Comment(rawValue: "SEGLEDGER_SEED=\(generator.seed)")
        for segment in world.states.last!.members.keys {
            for (position, state) in world.states.enumerated() {
                let moment = Moment.position(Position(UInt64(position)))
                let ids = sorted(state.members[segment] ?? [])
                #expect(try audit.members(of: SegmentID(segment), at: moment) == ids, comment)
                let other = generator.below(world.states.count)
                let otherIDs = world.states[other].members[segment] ?? []
                let difference = try audit.difference(
                    of: SegmentID(segment), from: .position(Position(UInt64(other))), to: moment)
                #expect(difference.added == ids.filter { !otherIDs.contains($0) }, comment)
                #expect(
                    difference.removed
                        == sorted(otherIDs).filter { !(state.members[segment] ?? []).contains($0) },
                    comment)
            }
        }
        try await ledger.close()
    }

    @Test("As of a time is the state after the last event whose ledger time is not later")
    func membersAtTimes() async throws {
        var generator = SeededGenerator()
        let scratch = try Scratch()
        let ledger = try scratch.open()
        var world = World()
        try await world.fill(ledger, batchCount: 40, &generator)
        let audit = LedgerAudit(ledger)
        for time in Set(world.states.compactMap(\.time)) {
            let state = world.states.last { $0.time.map { $0 <= time } ?? true }!
            for segment in world.states.last!.members.keys {
                #expect(
                    try audit.members(of: SegmentID(segment), at: .time(time))
                        == sorted(state.members[segment] ?? []),
                    "SEGLEDGER_SEED=\(generator.seed)")
            }
        }
        try await ledger.close()
    }

    @Test("A count's checksum is SHA-256 of the ids, sorted by bytes and joined by newlines")
    func count() async throws {
        let scratch = try Scratch()
        let ledger = try scratch.open()
        var batch = EventBatch()
        batch.append(.segmentCreated, segment: SegmentID(2), body: "{}")
        batch.append(
            .profilesAdded, segment: SegmentID(1),
            profiles: [("é", []), ("z", []), ("Z", []), ("a\u{301}", [])])
        _ = try await ledger.append(batch)
        let audit = LedgerAudit(ledger)
        func hex(_ text: String) -> String {
            SHA256.hash(data: Array(text.utf8)).map { byte in
                (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }.joined()
        }
        let one = try audit.memberCount(of: SegmentID(1))
        #expect(one.count == 4)
        #expect(one.sha256 == hex("Z\na\u{301}\nz\né"))
        let none = try audit.memberCount(of: SegmentID(2))
        #expect(none.count == 0)
        #expect(
            none.sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        try await ledger.close()
    }

    @Test("A segment never seen is an error, one not yet created is empty")
    func unknownSegment() async throws {
        let scratch = try Scratch()
        let ledger = try scratch.open()
        var batch = EventBatch()
        batch.append(
            .segmentCreated, segment: SegmentID(1), ownTime: Timestamp(endOfDay: "2020-05-01"),
            body: "{}")
        _ = try await ledger.append(batch)
        let audit = LedgerAudit(ledger)
        for moment in [nil, Moment("2019-01-01")] {
            #expect(throws: Failure.self) { try audit.members(of: SegmentID(9), at: moment) }
            #expect(try audit.members(of: SegmentID(1), at: moment) == [])
        }
        #expect(throws: Failure.self) { try audit.members(of: SegmentID(1), at: Moment("@1")) }
        #expect(throws: Failure.self) { try audit.history(ofProfile: "nobody") }
        try await ledger.close()
    }

    @Test("Members as of a moment are answered from frames that hold the segment, and no later one")
    func framesRead() async throws {
        let scratch = try Scratch()
        let ledger = try scratch.open()
        for turn in 0..<30 {
            var batch = EventBatch()
            batch.append(
                .profilesAdded, segment: SegmentID(turn % 10 == 0 ? 1 : 2),
                profiles: [("p\(turn)", [])])
            _ = try await ledger.append(batch)
        }
        let counting = CountingLedger(ledger)
        let members = try LedgerAudit(counting).members(
            of: SegmentID(1), at: .position(Position(15)))
        #expect(members == ["p0", "p10"])
        // The frame at 20 is looked at once to see that it lies beyond.
        #expect(
            Set(counting.reads.withLock { $0 }).isSubset(of: [
                Position(0), Position(10), Position(20),
            ]))
        try await ledger.close()
    }

    @Test("A profile's history has every event that touched it, and ends in its state")
    func profileHistory() async throws {
        var generator = SeededGenerator()
        let scratch = try Scratch()
        let ledger = try scratch.open()
        var world = World()
        try await world.fill(ledger, batchCount: 80, &generator)
        let audit = LedgerAudit(ledger)
        let comment = Comment(rawValue: "SEGLEDGER_SEED=\(generator.seed)")
        for position in [generator.below(world.states.count), world.states.count - 1] {
            let state = world.states[position]
            for (id, positions) in state.touched {
                let history = try audit.history(
                    ofProfile: id, at: .position(Position(UInt64(position))))
                #expect(history.entries.map(\.position.rawValue) == positions, comment)
                let segments = state.members.filter { $0.value.contains(id) }.map(\.key).sorted()
                #expect(history.segments.map(\.rawValue) == segments, comment)
                let fields = history.fields.map { ($0.name, $0.value) }
                #expect(
                    Dictionary(uniqueKeysWithValues: fields) == state.fields[id] ?? [:], comment)
            }
        }
        try await ledger.close()
    }

    @Test("A segment's history has its names, its counts, and whether it is deleted")
    func segmentHistory() async throws {
        let scratch = try Scratch()
        let ledger = try scratch.open()
        let id = SegmentID(7)
        var batch = EventBatch()
        batch.append(.segmentCreated, segment: id, eventID: "e1", body: "VIP")
        batch.append(.profilesAdded, segment: id, profiles: [("a", []), ("b", [])])
        batch.append(.segmentUpdated, segment: id, body: "VIP 2")
        batch.append(.profilesRemoved, segment: SegmentID(8), profiles: [("a", [])])
        batch.append(.segmentDeleted, segment: id)
        _ = try await ledger.append(batch)
        func history(_ moment: String?) throws -> SegmentAudit {
            try LedgerAudit(ledger).history(
                ofSegment: id, at: moment.flatMap { Moment($0) },
                describe: { SegmentDescription(name: String(decoding: $0, as: UTF8.self)) })
        }
        let whole = try history(nil)
        #expect(whole.entries.map(\.position.rawValue) == [0, 1, 2, 4])
        #expect(whole.entries.map(\.newName) == ["VIP", nil, "VIP 2", nil])
        #expect(whole.entries.map(\.profileCount) == [0, 2, 0, 0])
        #expect(whole.entries.map(\.memberCount) == [0, 2, 2, 0])
        #expect(whole.memberCount == 0)
        #expect(whole.deletedAt != nil)
        let before = try history("@1")
        #expect(before.description.name == "VIP")
        #expect(before.memberCount == 2)
        #expect(before.deletedAt == nil)
        try await ledger.close()
    }

    @Test("The log shows what passes every filter, in ledger order")
    func log() async throws {
        var generator = SeededGenerator()
        let scratch = try Scratch()
        let ledger = try scratch.open()
        var world = World()
        try await world.fill(ledger, batchCount: 40, &generator)
        let audit = LedgerAudit(ledger)
        func entries(_ change: (inout LogFilter) -> Void) throws -> [LogEntry] {
            var filter = LogFilter()
            change(&filter)
            var found: [LogEntry] = []
            try audit.log(filter) { found.append($0) }
            return found
        }
        let all = try entries { _ in }
        #expect(all.map(\.position.rawValue) == (0..<ledger.end.rawValue).map { $0 })
        #expect(try entries { $0.limit = 7 } == Array(all[..<7]))
        #expect(try entries { $0.limit = 0 } == [])
        let part = try entries {
            $0.from = Moment("@5")
            $0.to = Moment("@17")
        }
        #expect(part == Array(all[5...17]))
        #expect(try entries { $0.from = Moment("@18446744073709551615") } == [])
        let ofSegment = try entries { $0.segment = SegmentID(1) }
        #expect(ofSegment == all.filter { $0.segment == SegmentID(1) })
        let deletions = try entries { $0.kinds = [.segmentDeleted, .segmentCleared] }
        #expect(deletions == all.filter { [.segmentDeleted, .segmentCleared].contains($0.kind) })
        let time = all.last { !$0.kind.isSystem }!.time
        let late = try entries { $0.from = .time(time) }
        #expect(late.contains { $0.time == time })
        #expect(late.allSatisfy { $0.time >= time || $0.kind.isSystem })
        try await ledger.close()
    }
}
