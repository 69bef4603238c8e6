import Connector
import EventJSON
import Ledger
import Projection
import SegmentModel
import Synchronization
import Testing

@testable import Sync

/// A target that calls permanent what is one row's fault, and one that is right about it.
@Suite("What a target calls permanent")
struct PermanentRefusalTests {
    private func target(_ poison: String, certain: Bool = false) -> MemoryTarget {
        var state = MemoryTarget.State()
        state.poison = poison
        state.poisonClass = .permanent
        state.isTargetsWord = !certain
        return MemoryTarget(state)
    }

    private func names(_ world: World) async throws -> [String] {
        try await world.parked().map {
            "\($0.change.query.rawValue) \(world.ledger.profileID(of: $0.change.profile)) "
                + "\($0.change.reason.rawValue)"
        }
    }

    @Test(
        "INV-6: one row's value is set aside, wherever it stands, and the rest is delivered once",
        arguments: [false, true])
    func oneValue(_ coalesces: Bool) async throws {
        let ids = ["a", "b", "c", "d", "e", "f", "g"]
        for size in [1, 2, 3, 4, 7, 100] {
            for bad in ids {
                let world = try World(size: size)
                world.definition.isCoalesced = coalesces
                try await world.configure()
                try await world.append(.profilesAdded, 1, ids)
                // The last one alone has nobody to be compared with.
                try await world.append(.profilesAdded, 1, ["h"])
                let target = target("'\(bad)'")
                let outcome = try await world.sync(target)
                #expect(outcome.state == .done, "\(bad), size \(size)")
                #expect(try await names(world) == ["add_profiles \(bad) refused"])
                #expect(target.members == Set(ids + ["h"]).subtracting([bad]))
                let row = try #require(try await world.parked().first)
                #expect(row.change.errorCode == Failure.Code.targetRefusedValues.rawValue)
                let total = try await world.statistics().total
                #expect(total.successfulQueries == target.queryCount)
                #expect(total.profiles == 7)
                #expect(try await world.lane(1)?.cursor == LaneCursor(position: Position(2)))
                try await world.close()
            }
        }
    }

    @Test("Bad rows in both halves stop nothing")
    func severalValues() async throws {
        let world = try World(size: 100)
        try await world.configure()
        try await world.append(.profilesAdded, 1, (0..<100).map { "p\($0)" })
        let target = target("7'")
        #expect(try await world.sync(target).state == .done)
        #expect(try await names(world).count == 10)
        #expect(target.members.count == 90)
        try await world.close()
    }

    @Test("What is about the query stops it after a few tries; repaired, nothing is missing")
    func query() async throws {
        for size in [1, 2, 5, 100] {
            let world = try World(size: size)
            try await world.configure()
            try await world.append(.profilesAdded, 1, (0..<12).map { "p\($0)" })
            let target = target("ADD")
            guard case .stopped(let failure) = try await world.sync(target).state else {
                Issue.record("size \(size) goes on")
                continue
            }
            #expect(failure.code == .targetRefused)
            #expect(target.state.withLock { $0.refusalCount } <= 1 + RefusalTrial.tryCountMax)
            #expect(try await world.parked().isEmpty && target.queries.isEmpty)
            #expect(try await world.statistics().total.failedQueries == 1)
            try await world.close()
        }
    }

    @Test(
        "At a target that takes nothing back one row's value is set aside all the same",
        arguments: [2, 3, 4, 7, 100])
    func withoutTransactions(_ size: Int) async throws {
        let ids = ["a", "b", "c", "d", "e", "f", "g", "h"]
        for bad in ids.dropLast() {
            let world = try World(size: size)
            try await world.configure()
            try await world.append(.profilesAdded, 1, ids)
            let target = target("'\(bad)'")
            target.state.withLock { $0.support = .fenceOnly }
            let outcome = try await world.sync(target)
            #expect(outcome.state == .done, "\(bad), size \(size)")
            #expect(try await names(world) == ["add_profiles \(bad) refused"])
            #expect(target.members == Set(ids).subtracting([bad]))
            #expect(
                target.queries.joined().split(separator: "'").count { ids.contains("\($0)") } == 7)
            try await world.close()
        }
    }

    @Test("What is about the query stops it there too, and nothing stays set aside")
    func queryWithoutTransactions() async throws {
        let world = try World(size: 100)
        try await world.configure()
        let ids = Set((0..<12).map { "p\($0)" })
        try await world.append(.profilesAdded, 1, ids.sorted())
        let target = target("ADD")
        target.state.withLock { $0.support = .fenceOnly }
        guard case .stopped = try await world.sync(target).state else {
            Issue.record("it goes on")
            return
        }
        #expect(target.state.withLock { $0.refusalCount } == 4)
        #expect(target.queries.isEmpty)
        target.state.withLock { $0.poison = nil }
        var batch = EventBatch()
        batch.append(
            .integrationResumed, body: IntegrationReference(integration: "crm").encode())
        _ = try await world.ledger.append(batch)
        #expect(try await world.sync(target).state == .done)
        #expect(try await world.parked().isEmpty)
        #expect(target.members == ids)
        try await world.close()
    }

    @Test("A change that comes alone is compared with those who are in the segment already")
    func aloneAmongMembers() async throws {
        for size in [1, 100] {
            let world = try World(size: size)
            try await world.configure()
            try await world.append(.profilesAdded, 1, ["a", "b"])
            let target = target("'c'")
            #expect(try await world.sync(target).state == .done)
            try await world.append(.profilesAdded, 1, ["c"])
            #expect(try await world.sync(target).state == .done)
            #expect(try await names(world) == ["add_profiles c refused"])
            #expect(target.queries.joined().split(separator: "'").count { $0 == "a" } == 1)
            try await world.close()
        }
    }

    @Test("A single change without another to compare it with stops its integration")
    func alone() async throws {
        let world = try World()
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["a"])
        guard case .stopped = try await world.sync(target("'a'")).state else {
            Issue.record("it goes on")
            return
        }
        #expect(try await world.parked().isEmpty)
        try await world.close()
    }

    @Test("Of what Segledger finds out itself there is no doubt: nothing is tried again")
    func certain() async throws {
        let world = try World(size: 10)
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["a", "b", "c"])
        let target = target("'b'", certain: true)
        guard case .stopped = try await world.sync(target).state else {
            Issue.record("it goes on")
            return
        }
        #expect(target.state.withLock { $0.refusalCount } == 1)
        try await world.close()
    }

    @Test("INV-8: a fill goes around one row's value, and stops for the query's fault")
    func fill() async throws {
        for (poison, parkedCount) in [("'a'", 1), ("'h'", 1), ("'e'", 1), ("ADD", nil)] {
            for size in [1, 3, 4, 100] {
                let world = try World(size: size)
                let ids = ["a", "b", "c", "d", "e", "f", "g", "h"]
                try await world.append(.profilesAdded, 1, ids)
                world.definition.start = .fill
                try await world.configure()
                let target = target(poison)
                let outcome = try await world.sync(target)
                if let parkedCount {
                    #expect(outcome.state == .done, "\(poison), size \(size)")
                    #expect(outcome.parkedChangeCount == parkedCount)
                    #expect(target.members.count == 7)
                } else {
                    guard case .stopped = outcome.state else {
                        Issue.record("size \(size) goes on")
                        continue
                    }
                    #expect(try await world.parked().isEmpty && target.queries.isEmpty)
                }
                try await world.close()
            }
        }
    }

    @Test("A change that is refused again when it is redriven stays set aside, and stops nothing")
    func redrive() async throws {
        let world = try World(size: 4)
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["a", "b", "c", "d"])
        let target = target("'c'")
        _ = try await world.sync(target)
        try await world.decide(.redriveRequested)
        #expect(try await world.sync(target).state == .done)
        #expect(try await names(world) == ["add_profiles c refused"])
        #expect(try await world.parked()[0].change.attempt == 2)
        target.state.withLock { $0.poison = nil }
        try await world.decide(.redriveRequested)
        #expect(try await world.sync(target).parkedChangeCount == 0)
        #expect(target.members == ["a", "b", "c", "d"])
        try await world.close()
    }
}
