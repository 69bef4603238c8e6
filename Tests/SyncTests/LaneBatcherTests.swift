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
}
