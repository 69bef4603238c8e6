import Connector
import EventJSON
import Ledger
import Projection
import SQLTemplate
import SegmentModel
import ServerTesting
import Testing

@testable import Sync

@Suite("Deliveries that are built before they are asked for")
struct DeliveryStockTests {
    private static let query =
        "ADD {segment_id}, {for $l = $batch}({$l.id}, '{$l.CustomID}', '{$l.Mail}'){autocomma}{end}"

    /// Profiles come and go and change their fields, the segment its name, and once it is cleared.
    private static func world(_ random: inout SeededGenerator) async throws -> World {
        let world = try World()
        world.definition.queries[.addProfiles] = query
        world.definition.isCoalesced = Bool.random(using: &random)
        try await world.configure()
        for number in 0..<60 {
            var batch = EventBatch()
            switch Int.random(in: 0..<20, using: &random) {
            case 0: batch.append(.segmentCleared, segment: SegmentID(1), body: "")
            case 1:
                batch.append(
                    .segmentUpdated, segment: SegmentID(1),
                    body: SegmentDescription(name: "s\(number)").encode())
            case 2..<7:
                let ids = (0..<6).map { _ in "p\(Int.random(in: 0..<30, using: &random))" }
                batch.append(
                    .profilesRemoved, segment: SegmentID(1),
                    profiles: Set(ids).sorted().map { ($0, []) })
            default:
                let ids = (0..<9).map { _ in "p\(Int.random(in: 0..<30, using: &random))" }
                batch.append(
                    .profilesAdded, segment: SegmentID(1),
                    profiles: Set(ids).sorted().map {
                        let mail = "\($0)@\(number)"
                        return ($0, [("CustomID", .text("C\(number)")), ("Mail", .text(mail))])
                    })
            }
            _ = try await world.ledger.append(batch)
            if Int.random(in: 0..<4, using: &random) == 0 {
                try await world.projector.foldToEnd()
            }
        }
        return world
    }

    private static func bytes(_ delivery: PreparedDelivery?) throws -> [[UInt8]] {
        try delivery?.queries.get().map { query in
            switch query {
            case .text(let sql): sql
            case .bound(let bound): bound.shape.sql + bound.bytes
            }
        } ?? []
    }

    @Test("Each is what it would be if it were built when asked for, whatever changes between")
    func same() async throws {
        var random = SeededGenerator()
        for _ in 0..<12 {
            let world = try await Self.world(&random)
            let (worker, _) = try await world.worker(1, MemoryTarget())
            let (other, _) = try await world.worker(1, MemoryTarget())
            var (state, size) = (worker.state, 3)
            var binds: Set<EventKind> = []
            var count = 0
            while true {
                switch Int.random(in: 0..<8, using: &random) {
                case 0: size = Int.random(in: 1...6, using: &random)
                case 1: binds = binds.isEmpty ? [.profilesAdded, .profilesRemoved] : []
                case 2:
                    let profile = UInt32.random(in: 0..<30, using: &random)
                    state.parked.insert(profile, at: state.cursor.position ?? Position(0))
                case 3: worker.builder.dropStock()
                case 4, 5:
                    try await worker.builder.fillStock(after: state, size: size, binds: binds)
                default: break
                }
                let built = try await worker.builder.next(
                    after: state, size: size, binds: binds,
                    isFollowed: Bool.random(using: &random))
                let expected = try await other.builder.next(after: state, size: size, binds: binds)
                #expect(built?.id == expected?.id, "seed \(SeededGenerator.seed)")
                #expect(built?.after.cursor == expected?.after.cursor)
                #expect(built?.after.parked == expected?.after.parked)
                #expect(built?.batch.held == expected?.batch.held)
                #expect(built?.batch.isComplete == expected?.batch.isComplete)
                #expect(
                    try Self.bytes(built) == Self.bytes(expected), "seed \(SeededGenerator.seed)")
                guard let built else { break }
                state = built.after
                count += 1
            }
            #expect(count > 20)
            try await world.close()
        }
    }

    @Test("While the projections lag behind nothing is built ahead, and nobody waits for them")
    func lag() async throws {
        let world = try World()
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["p0", "p1", "p2"])
        let (worker, _) = try await world.worker(1, MemoryTarget())
        try await world.append(.profilesAdded, 1, ["p3", "p4", "p5"])
        let folded = world.store.checkpoint()
        let first = try #require(
            try await worker.builder.next(after: worker.state, size: 3, isReady: true, binds: []))
        #expect(
            try await worker.builder.next(after: first.after, size: 3, isReady: true, binds: [])
                == nil)
        #expect(world.store.checkpoint() == folded)
        #expect(try await worker.builder.next(after: first.after, size: 3, binds: []) != nil)
        try await world.close()
    }

    @Test("What is kept is given out for exactly what it was built for")
    func terms() async throws {
        let world = try World()
        try await world.configure()
        try await world.append(.profilesAdded, 1, (0..<30).map { "p\($0)" })
        try await world.projector.foldToEnd()
        let (worker, _) = try await world.worker(1, MemoryTarget())
        let first = try #require(
            try await worker.builder.next(after: worker.state, size: 3, binds: []))
        let second = try #require(
            try await worker.builder.next(after: first.after, size: 3, binds: []))
        let terms = DeliveryStock.Terms(size: 3, binds: [])
        var parked = first.after
        parked.parked.insert(7, at: Position(0))
        let others: [(LaneState, DeliveryStock.Terms)] = [
            (worker.state, terms), (second.after, terms), (parked, terms),
            (first.after, DeliveryStock.Terms(size: 2, binds: [])),
            (first.after, DeliveryStock.Terms(size: 3, binds: [.profilesAdded])),
        ]
        let stock = DeliveryStock()
        for (state, others) in others {
            stock.put([second], after: first.after, terms)
            #expect(stock.take(after: state, others) == nil)
            #expect(stock.take(after: first.after, terms) == nil, "all is dropped then")
        }
        stock.put([second], after: first.after, terms)
        #expect(stock.take(after: first.after, terms)?.id == second.id)
        #expect(stock.take(after: second.after, terms) == nil)
        stock.put([first, second], after: worker.state, terms)
        #expect(stock.take(after: worker.state, terms)?.id == first.id)
        #expect(stock.take(after: first.after, terms)?.id == second.id)
        #expect(stock.isEmpty)
        try await world.close()
    }
}
