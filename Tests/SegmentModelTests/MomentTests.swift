import SegmentModel
import Testing

@Suite struct MomentTests {
    @Test("A moment is a time, the end of a day, or a position")
    func forms() {
        #expect(
            Moment("2026-03-12T10:00:00Z")
                == .time(Timestamp(rfc3339: "2026-03-12T10:00:00Z")!))
        #expect(Moment("2026-03-12") == .time(Timestamp(endOfDay: "2026-03-12")!))
        #expect(Moment("@0") == .position(Position(0)))
        #expect(Moment("@18446744073709551615") == .position(Position(UInt64.max)))
    }

    @Test(
        "Anything else is none",
        arguments: [
            "", "@", "@-1", "@1.5", "@18446744073709551616", "@ 1", "now", "12", "2026-03",
            "tomorrow", "2026-03-12T10:00",
        ])
    func refused(_ text: String) {
        #expect(Moment(text) == nil)
    }

    @Test("A moment is printed in a form that is read back")
    func printed() {
        for text in ["@7", "2026-03-12T10:00:00.000Z", "2026-03-12"] {
            let moment = Moment(text)!
            #expect(Moment(moment.description) == moment)
        }
    }
}

@Suite struct PositionTests {
    @Test("INV-2: positions are ordered, counted on, and have one before unless they are the first")
    func order() {
        #expect(Position(3) < Position(4))
        #expect(Position(3).advanced(by: 2) == Position(5))
        #expect(Position(3).predecessor == Position(2))
        #expect(Position(0).predecessor == nil)
        #expect(Position(42).description == "42")
    }

    @Test("A lane's cursor is ordered by its event, then by the profiles done of the next")
    func cursors() {
        let sorted = [
            LaneCursor(position: nil), LaneCursor(position: nil, profileCount: 3),
            LaneCursor(position: Position(0)), LaneCursor(position: Position(0), profileCount: 1),
            LaneCursor(position: Position(7)),
        ]
        for (left, one) in sorted.enumerated() {
            for (right, other) in sorted.enumerated() {
                #expect((one < other) == (left < right))
            }
        }
    }
}

@Suite struct LimitsTests {
    @Test("The limits fit into each other")
    func consistent() {
        #expect(Limits.eventLineByteCountMax <= Limits.framePayloadByteCountMax)
        #expect(Limits.framePayloadByteCountTarget <= Limits.framePayloadByteCountMax)
        #expect(Limits.fieldValueByteCountMax <= Limits.eventLineByteCountMax)
        #expect(Limits.atomicAppendByteCountMax <= Limits.appendQueueByteCountMax)
        #expect(Limits.eventLineByteCountMax <= Limits.atomicAppendByteCountMax)
        #expect(Limits.templateByteCountMax <= Limits.renderedQueryByteCountMax)
        #expect(Limits.profileIDByteCountMax == 256)
        #expect(Limits.eventIDByteCountMax == 128)
        #expect(Limits.eventLineByteCountMax == 16 << 20)
        #expect(Limits.eventTimeAheadMicroseconds == 300_000_000)
    }
}

@Suite struct ScopeTests {
    private func scope(
        _ segments: IntegrationDefinition.Selection
    ) -> IntegrationDefinition.Scope {
        IntegrationDefinition.Scope(databaseID: 2, segments: segments)
    }

    @Test("A scope takes its database's segments: all, by number, by tag or by group")
    func contains() {
        var segment = SegmentDescription(name: "x", databaseID: 2, tags: ["a", "b"], groups: ["g"])
        let id = SegmentID(5)
        #expect(scope(.all).contains(id, segment))
        #expect(scope(.ids([SegmentID(4), SegmentID(5)])).contains(id, segment))
        #expect(!scope(.ids([SegmentID(4)])).contains(id, segment))
        #expect(scope(.tags(["b", "z"])).contains(id, segment))
        #expect(!scope(.tags(["z"])).contains(id, segment))
        #expect(!scope(.tags(["g"])).contains(id, segment))
        #expect(scope(.groups(["g"])).contains(id, segment))
        #expect(!scope(.groups(["a"])).contains(id, segment))
        segment.databaseID = 3
        #expect(!scope(.all).contains(id, segment))
        segment.databaseID = nil
        #expect(!scope(.all).contains(id, segment))
        let first = IntegrationDefinition.Scope(databaseID: 1, segments: .all)
        #expect(first.contains(id, segment))
    }
}
