import EventJSON
import Ledger
import Projection
import SegmentModel
import Synchronization
import Testing

@testable import Sync

/// One reader of the ledger for all workers.
@Suite("Workers are told of their own segments, and of nothing else")
struct LaneFeedTests {
    private static func scope(_ segments: Int64...) -> IntegrationDefinition.Scope {
        .init(databaseID: 1, segments: .ids(segments.map { SegmentID($0) }))
    }

    /// Follows the ledger of `world` while `body` runs.
    private func following(
        _ world: World, _ body: (LaneFeed) async throws -> Void
    ) async throws {
        let feed = LaneFeed(context: world.context)
        let start = world.ledger.end
        let task = Task { await feed.run(from: start) }
        try await body(feed)
        task.cancel()
        await task.value
        try await world.close()
    }

    /// What comes next, once something does.
    private func next(_ mailbox: LaneFeed.Mailbox) async -> LaneFeed.News {
        while true {
            let news = mailbox.take()
            if !news.isEmpty { return news }
            await Task.yield()
        }
    }

    @Test("An event wakes those whose scope or lanes it concerns", .timeLimit(.minutes(2)))
    func concerned() async throws {
        let world = try World()
        try await following(world) { feed in
            let first = feed.subscribe(Self.scope(1), wake: AsyncSignal())
            let second = feed.subscribe(Self.scope(2), wake: AsyncSignal())
            second.know([SegmentID(3)])
            try await world.append(.profilesAdded, 1, ["a"])
            let news = await next(first)
            #expect(news.segments.keys.sorted() == [SegmentID(1)])
            #expect(news.segments[SegmentID(1)]?.lastPosition == Position(0))
            #expect(!news.hasSystemEvents)
            let last = try await world.append(.profilesAdded, 3, ["a"])
            let other = await next(second)
            // Nothing of the event before.
            #expect(other.segments.keys.sorted() == [SegmentID(3)])
            #expect(other.segments[SegmentID(3)]?.lastPosition == last)
            #expect(first.take().isEmpty)
        }
    }

    @Test(
        "What workers write down while they deliver is no news; what an operator does is",
        .timeLimit(.minutes(2)))
    func ownEvents() async throws {
        let world = try World()
        try await following(world) { feed in
            let mailbox = feed.subscribe(Self.scope(1), wake: AsyncSignal())
            let receipt = Receipt(
                lane: LaneKey(integration: "crm", segment: SegmentID(1)), query: nil,
                outcome: .failed, firstPosition: Position(0), lastPosition: Position(0),
                cursor: LaneCursor(position: nil), epoch: 0)
            try await world.context.record([receipt])
            try await world.append(.profilesAdded, 2, ["a"])
            try await world.configure()
            let news = await next(mailbox)
            #expect(news.hasSystemEvents)
            #expect(news.segments.isEmpty)
        }
    }

    @Test("More than a mailbox holds lets the worker look at everything", .timeLimit(.minutes(2)))
    func overflow() async throws {
        let world = try World()
        try await following(world) { feed in
            let mailbox = feed.subscribe(
                .init(databaseID: 1, segments: .all), wake: AsyncSignal())
            var batch = EventBatch()
            for segment in 1...5000 {
                batch.append(.segmentCleared, segment: SegmentID(Int64(segment)), body: "")
            }
            _ = try await world.ledger.append(batch)
            #expect(await next(mailbox).isIncomplete)
            try await world.append(.profilesAdded, 7, ["a"])
            let news = await next(mailbox)
            #expect(!news.isIncomplete && news.segments.keys.sorted() == [SegmentID(7)])
        }
    }

    @Test(
        "Where the ledger cannot be read the workers look for themselves", .timeLimit(.minutes(2)))
    func unreadable() async throws {
        let world = try World()
        let ledger = TestLedger(world.ledger)
        let context = SyncContext(
            ledger: ledger, projections: world.context.projections, pool: world.context.pool,
            clock: world.clock)
        let feed = LaneFeed(context: context)
        let mailbox = feed.subscribe(Self.scope(1), wake: AsyncSignal())
        let start = world.ledger.end
        ledger.state.withLock {
            $0.readFailure = Failure(.ledgerCorrupt, "a checksum is wrong", hint: "verify it")
        }
        let task = Task { await feed.run(from: start) }
        try await world.append(.profilesAdded, 1, ["a"])
        #expect(await next(mailbox).isIncomplete)
        task.cancel()
        try await world.append(.profilesAdded, 1, ["b"])
        await task.value
        try await world.close()
    }
}
