import Connector
import SegmentModel
import ServerTesting
import Synchronization
import Testing

@testable import Sync

@Suite("Delivery goes on where a target's rows stand")
struct AdoptionTests {
    /// Who has a row in each segment.
    private func rows(_ target: MemoryTarget) -> [Int64: Set<String>] {
        var rows: [Int64: Set<String>] = [:]
        for query in target.queries {
            let words = query.split(separator: " ", maxSplits: 1)
            guard words.count == 2, let first = words[1].split(separator: ",").first,
                let segment = Int64(first)
            else { continue }
            let ids = query.split(separator: "'").enumerated().filter { $0.offset % 2 == 1 }
                .map { String($0.element) }
            switch words[0] {
            case "ADD": rows[segment, default: []].formUnion(ids)
            case "REMOVE": rows[segment, default: []].subtract(ids)
            case "CLEAR": rows[segment] = []
            default: break
            }
        }
        return rows.filter { !$0.value.isEmpty }
    }

    /// Obeys what a stop's hint says, until nothing stops.
    private func settle(_ world: World, _ target: MemoryTarget) async throws -> Bool {
        for _ in 0..<3 {
            let before = target.queries
            let outcome = try await world.sync(target)
            guard case .stopped(let failure) = outcome.state else { return outcome.state == .done }
            #expect(target.queries == before, "\(failure)")
            let engine = world.engine(target)
            let connectors = ["memory": target.definition]
            if failure.hint?.contains("integrations adopt") == true {
                let plan = try await engine.adopt(
                    world.definition, connectors: connectors, isPlan: true)
                let report = try await engine.adopt(
                    world.definition, connectors: connectors, isPlan: false)
                #expect(plan == report)
                #expect(!report.adopted.isEmpty || !report.rebuilt.isEmpty)
            } else {
                _ = try await engine.requestResync(world.definition, segments: [])
                _ = try await engine.resync(
                    world.definition, connectors: connectors, options: SyncEngine.Options())
            }
        }
        return false
    }

    @Test("INV-12: whatever a target went back to, its rows are right once the hint was obeyed")
    func histories() async throws {
        for seed in 0..<20 as Range<UInt64> {
            var random = SeededGenerator(seed: SeededGenerator.seed &+ seed)
            let world = try World()
            try await world.configure()
            let target = MemoryTarget()
            var snapshots = [target.state.withLock { ($0.queries, $0.cursors) }]
            var expected: [Int64: Set<String>] = [:]
            for _ in 0..<25 {
                let segment = Int64.random(in: 1...3, using: &random)
                let ids = (0..<5).filter { _ in Bool.random(using: &random) }.map { "p\($0)" }
                switch Int.random(in: 0..<8, using: &random) {
                case 0..<3 where !ids.isEmpty:
                    try await world.append(.profilesAdded, segment, ids)
                    expected[segment, default: []].formUnion(ids)
                case 3 where !ids.isEmpty:
                    try await world.append(.profilesRemoved, segment, ids)
                    expected[segment, default: []].subtract(ids)
                case 4:
                    try await world.append(.segmentCleared, segment)
                    expected[segment] = []
                case 5: snapshots.append(target.state.withLock { ($0.queries, $0.cursors) })
                case 6:
                    let old = snapshots.randomElement(using: &random)!
                    target.state.withLock { ($0.queries, $0.cursors) = old }
                default:
                    #expect(
                        try await settle(world, target),
                        "SEGLEDGER_SEED=\(SeededGenerator.seed &+ seed)")
                }
            }
            #expect(
                try await settle(world, target), "SEGLEDGER_SEED=\(SeededGenerator.seed &+ seed)")
            #expect(
                rows(target) == expected.filter { !$0.value.isEmpty },
                "SEGLEDGER_SEED=\(SeededGenerator.seed &+ seed)")
            try await world.close()
        }
    }
}
