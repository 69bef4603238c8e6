import FrameCodec
import Ledger
import SegmentModel
import Testing

@testable import Sync

@Suite struct LaneBatcherTests {
    @Test("INV-6: batches hold one kind of one segment, in ledger order, up to the size")
    func cuts() async throws {
        let world = try World()
        try await world.append(.segmentCreated, 1)
        try await world.append(.profilesAdded, 1, ["a", "b"])
        try await world.append(.profilesAdded, 2, ["x"])
        try await world.append(.profilesAdded, 1, ["c", "d", "e"])
        try await world.append(.profilesRemoved, 1, ["a"])
        try await world.append(.segmentCleared, 1)
        let batcher = world.batcher(1)
        var found: [String] = []
        var cursor = LaneCursor(position: nil)
        while let batch = try batcher.next(after: cursor, size: 4) {
            found.append("\(batch.kind.name) \(world.ids(batch).joined()) \(batch.isComplete)")
            #expect(cursor < batch.cursorAfter)
            cursor = batch.cursorAfter
        }
        #expect(
            found == [
                "segment_created  true", "profiles_added abcd true", "profiles_added e true",
                "profiles_removed a true", "segment_cleared  true",
            ])
        #expect(cursor == LaneCursor(position: Position(5)))
        try await world.close()
    }

    @Test("A batch that ends inside of an event stands before it, with the profiles done")
    func insideEvent() async throws {
        let world = try World()
        let position = try await world.append(.profilesAdded, 1, ["a", "b", "c", "d", "e"])
        let batcher = world.batcher(1)
        let first = try #require(try batcher.next(after: LaneCursor(position: nil), size: 2))
        #expect(
            first.cursorAfter == LaneCursor(position: position.predecessor, profileCount: 2))
        #expect(first.isComplete)
        let second = try #require(try batcher.next(after: first.cursorAfter, size: 2))
        #expect(world.ids(second) == ["c", "d"])
        let third = try #require(try batcher.next(after: second.cursorAfter, size: 2))
        #expect(world.ids(third) == ["e"])
        #expect(third.cursorAfter == LaneCursor(position: position))
        #expect(!third.isComplete)
        #expect(try batcher.next(after: third.cursorAfter, size: 2) == nil)
        try await world.close()
    }

    @Test("A batch that is just full is complete; an event without profiles is passed")
    func full() async throws {
        let world = try World()
        let empty = try await world.append(.profilesAdded, 1, [])
        let start = LaneCursor(position: nil)
        let passed = try #require(try world.batcher(1).next(after: start, size: 2))
        #expect(passed.members.isEmpty && passed.cursorAfter == LaneCursor(position: empty))
        try await world.append(.profilesAdded, 1, ["a", "b"])
        let batch = try #require(try world.batcher(1).next(after: start, size: 2))
        #expect(batch.isComplete)
        #expect(world.ids(batch) == ["a", "b"])
        try await world.close()
    }

    @Test("A second mention of a profile begins the next batch")
    func secondMention() async throws {
        let world = try World()
        try await world.append(.profilesAdded, 1, ["a", "b"])
        try await world.append(.profilesAdded, 1, ["c", "a"])
        let batch = try #require(
            try world.batcher(1).next(after: LaneCursor(position: nil), size: 100))
        #expect(batch.isComplete)
        #expect(Set(world.ids(batch)).isSubset(of: ["a", "b", "c"]))
        #expect(world.ids(batch).count == Set(world.ids(batch)).count)
        let next = try #require(try world.batcher(1).next(after: batch.cursorAfter, size: 100))
        #expect(world.ids(batch).count + world.ids(next).count == 4)
        try await world.close()
    }

    @Test("With a limit every cut of a lane can be made again")
    func limit() async throws {
        let world = try World()
        try await world.append(.profilesAdded, 1, ["a", "b", "c"])
        try await world.append(.profilesAdded, 1, ["d", "e"])
        let batcher = world.batcher(1)
        var cursors: [LaneCursor] = []
        var cursor = LaneCursor(position: nil)
        while let batch = try batcher.next(after: cursor, size: 1) {
            cursor = batch.cursorAfter
            cursors.append(cursor)
        }
        #expect(cursors.count == 5)
        for (index, limit) in cursors.enumerated() {
            let batch = try #require(
                try batcher.next(after: LaneCursor(position: nil), size: 100, limit: limit))
            #expect(batch.members.count == index + 1)
            #expect(batch.cursorAfter == limit)
        }
        try await world.close()
    }

    @Test("What is held counts too, so that no batch grows without end")
    func held() async throws {
        for coalesces in [false, true] {
            let world = try World()
            for _ in 0..<4 {
                try await world.append(.profilesAdded, 1, ["a", "b"])
                try await world.append(.profilesRemoved, 1, ["c", "d"])
            }
            var parked = ParkedProfiles()
            for id in ["a", "b", "c", "d"] {
                parked.insert(world.ledger.ordinal(of: id)!.rawValue, at: Position(99))
            }
            var cursor = LaneCursor(position: nil)
            var heldCount = 0
            while let batch = try world.batcher(1, coalesces: coalesces).next(
                after: cursor, size: 3, parked: parked)
            {
                #expect(batch.members.isEmpty)
                #expect(batch.held.count <= 3)
                heldCount += batch.held.count
                for member in batch.held { parked.insert(member.ordinal, at: member.position) }
                cursor = batch.cursorAfter
            }
            if !coalesces { #expect(heldCount == 16) }
            #expect(cursor == LaneCursor(position: Position(7)))
            try await world.close()
        }
    }

    @Test("A coalesced batch ends after so many changes, however few profiles they are of")
    func coalescedLimit() {
        let countMax = Limits.coalescedChangeCountMax
        var frame = Frame(firstPosition: Position(0), firstOrdinal: 0, firstFieldName: 0)
        frame.ordinals = Array(repeating: 7, count: countMax + 10)
        let none = EventBatch.Slice(offset: 0, count: 0)
        let time = Timestamp(rawValue: 0)
        let event = Frame.Event(
            kind: .profilesAdded, segment: SegmentID(1), time: time, recordedAt: time,
            ownTime: nil, eventID: none, body: none, firstOrdinal: 0,
            ordinalCount: UInt32(countMax + 10), firstRecord: 0, recordCount: 0)
        var cut = Cut(
            cursor: LaneCursor(position: nil), size: 100, parked: ParkedProfiles(), limit: nil,
            coalesces: true)
        let batch = cut.take(LaneEvent(event, Position(0), frame, nil))
        #expect(batch?.members.count == 1)
        #expect(batch?.cursorAfter == LaneCursor(position: nil, profileCount: countMax))
    }
}
