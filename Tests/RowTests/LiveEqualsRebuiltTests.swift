import Connector
import EventJSON
import KindTesting
import SegmentModel
import ServerTesting
import Sync
import Testing

/// Histories of segments, profiles and their fields, delivered piece by piece, against the tables
/// that a fill writes of the same ledger.
@Suite("INV-11: live equals rebuilt")
struct LiveEqualsRebuiltTests {
    /// How a history is delivered.
    private struct Setting: CustomStringConvertible {
        var definition: IntegrationDefinition
        let lossRarity: Int
        /// Some rows are refused, until the last look.
        let refuses: Bool
        /// Several profiles have the same card at times.
        let sharesKeys: Bool
        let keepsFirst: Bool
        /// Applied before that, and following less.
        private(set) var first: IntegrationDefinition?
        let seed: UInt64

        var description: String {
            "seed \(seed): \(definition.batch), coalesced \(definition.isCoalesced), clears "
                + "\(definition.queries[.clearSegment] != nil), losses \(lossRarity), "
                + "refuses \(refuses), shares \(sharesKeys), keeps first \(keepsFirst), "
                + "start \(definition.start), applied twice \(first != nil)"
        }

        init(_ target: RowTarget, seed: UInt64, _ random: inout SeededGenerator) {
            self.seed = seed
            let isIndividual = Int.random(in: 0..<4, using: &random) == 0
            sharesKeys = Int.random(in: 0..<3, using: &random) > 0
            keepsFirst = Int.random(in: 0..<3, using: &random) == 0
            definition = IntegrationDefinition(
                name: "live", scope: .init(databaseID: 1, segments: .all), connector: "live",
                queries: target.queries(
                    isIndividual: isIndividual, clears: Bool.random(using: &random),
                    keepsFirst: keepsFirst))
            definition.batch =
                isIndividual ? .individual : .batch(size: Int.random(in: 1...5, using: &random))
            definition.isCoalesced = Bool.random(using: &random)
            definition.start = Bool.random(using: &random) ? .beginning : .fill
            lossRarity = [0, 3, 8].randomElement(using: &random)!
            refuses = target.kind == .sqlite && Int.random(in: 0..<3, using: &random) == 0
            if Int.random(in: 0..<3, using: &random) == 0 {
                first = definition
                first?.updates = .ignore
                if !isIndividual, Bool.random(using: &random) {
                    first?.queries[.removeProfiles] =
                        "DELETE FROM tea WHERE who IN ({batch_in \"id\"})"
                }
            }
        }
    }

    @Test(
        "Whatever changes and whatever is lost, the rows are those of a fill",
        arguments: RowTarget.all)
    func histories(_ target: RowTarget) async throws {
        for number in 0..<UInt64(target.historyCount) {
            let seed = SeededGenerator.seed &+ number
            var random = SeededGenerator(seed: seed)
            try await history(target, seed: seed, &random)
        }
    }

    private func history(
        _ target: RowTarget, seed: UInt64, _ random: inout SeededGenerator
    ) async throws {
        let world = try RowWorld()
        let setting = Setting(target, seed: seed, &random)
        let live = try await target.makeDatabase(in: world.directory, "live")
        let connector = FlakyConnector(
            try ConnectorRegistry.all.makeConnector(live, secret: nil),
            SeededGenerator(seed: seed), rarity: setting.lossRarity)
        if setting.refuses { try await RowTarget.run(Self.refusing, on: live) }
        let sharesKeys = setting.sharesKeys
        for definition in [setting.first, setting.definition].compactMap({ $0 }) {
            for _ in 0..<Int.random(in: 0..<8, using: &random) {
                try await append(to: world, sharesKeys: sharesKeys, &random)
            }
            try await world.apply(definition)
        }
        // What was before the start shows where little comes behind it.
        let rounds = setting.definition.start == .beginning ? 0...2 : 2...6
        for _ in 0..<Int.random(in: rounds, using: &random) {
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                try await append(to: world, sharesKeys: sharesKeys, &random)
            }
            let isResync = Int.random(in: 0..<6, using: &random) == 0
            if setting.refuses, Bool.random(using: &random) {
                try await world.redrive(setting.definition)
            }
            let outcome = try await world.sync(setting.definition, connector, isResync: isResync)
            guard outcome.state == .done, setting.refuses || outcome.parkedChangeCount == 0 else {
                Issue.record("\(setting): \(outcome)")
                break
            }
        }
        if setting.refuses {
            try await RowTarget.run(Self.mending, on: live)
            try await world.redrive(setting.definition)
        }
        let last = try await world.sync(setting.definition, connector)
        #expect(
            last.state == .done && last.parkedChangeCount == 0, "\(setting): \(last)")
        var fill = setting.definition
        (fill.name, fill.connector, fill.start) = ("fill", "fill", .fill)
        let filled = try await target.makeDatabase(in: world.directory, "fill")
        try await world.apply(fill)
        let outcome = try await world.sync(
            fill, try ConnectorRegistry.all.makeConnector(filled, secret: nil))
        #expect(outcome.state == .done, "\(setting)")
        let (rows, expected) = (
            try await RowTarget.rows(live), try await RowTarget.rows(filled)
        )
        #expect(rows == expected, "\(setting)")
        try await world.close()
    }

    private static let refusing = [
        """
        CREATE TRIGGER no_age BEFORE INSERT ON tea WHEN NEW.age = '32'
        BEGIN SELECT RAISE(ABORT, 'refused'); END
        """
    ]
    private static let mending = ["DROP TRIGGER no_age"]

    /// Some events in one batch.
    private func append(
        to world: RowWorld, sharesKeys: Bool, _ random: inout SeededGenerator
    ) async throws {
        var batch = EventBatch()
        func profiles(_ random: inout SeededGenerator) -> Profiles {
            Self.profiles(sharesKeys: sharesKeys, &random)
        }
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let segment = SegmentID(Int64.random(in: 1...3, using: &random))
            switch Int.random(in: 0..<20, using: &random) {
            case 0: batch.append(.segmentCleared, segment: segment)
            case 1: batch.append(.segmentDeleted, segment: segment)
            case 2, 3:
                batch.append(
                    Bool.random(using: &random) ? .segmentCreated : .segmentUpdated,
                    segment: segment,
                    body: SegmentDescription(name: "n\(random.next() % 5)").encode())
            case 4..<9:
                batch.append(.profilesRemoved, segment: segment, profiles: profiles(&random))
            case 9..<14:
                batch.append(
                    .profilesUpdated, segment: SegmentID(0), profiles: profiles(&random))
            default: batch.append(.profilesAdded, segment: segment, profiles: profiles(&random))
            }
        }
        try await world.append(batch)
    }

    private typealias Profiles = [(id: String, fields: [(name: String, value: FieldValue)])]

    /// A few profiles with some of their fields. No two ever have the same card, unless they share
    /// keys.
    private static func profiles(
        sharesKeys: Bool, _ random: inout SeededGenerator
    ) -> Profiles {
        let numbers = Set((0..<3).map { _ in Int.random(in: 0..<6, using: &random) })
        return numbers.sorted().map { number in
            var fields: [(name: String, value: FieldValue)] = []
            if Bool.random(using: &random) {
                let version = Int.random(in: 0..<3, using: &random)
                let card = sharesKeys ? "v\(version)" : "p\(number)v\(version)"
                let isNone = sharesKeys ? Int.random(in: 0..<6, using: &random) == 0 : version == 2
                fields.append(("card", isNone ? .null : .text(card)))
            }
            if Bool.random(using: &random) {
                fields.append(("age", .number("\(Int.random(in: 30..<33, using: &random))")))
            }
            if Bool.random(using: &random) { fields.append(("other", .text("x"))) }
            return ("p\(number)", fields)
        }
    }
}
