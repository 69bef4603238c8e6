import Connector
import EventJSON
import KindTesting
import Ledger
import Projection
import SegmentModel
import ServerTesting
import Sync
import Testing

/// Changes of fields from before an integration was applied, where the histories of
/// `LiveEqualsRebuiltTests` do not reach.
@Suite("INV-11: fields are followed from the beginning")
struct EarlierChangeTests {
    private static func profile(
        _ card: String, age: Int = 30
    ) -> [(id: String, fields: [(name: String, value: FieldValue)])] {
        [("p0", [("card", .text(card)), ("age", .number("\(age)"))])]
    }

    private static func definition(_ target: RowTarget) -> IntegrationDefinition {
        var definition = IntegrationDefinition(
            name: "live", scope: .init(databaseID: 1, segments: .all), connector: "live",
            queries: target.queries(isIndividual: false, clears: true, keepsFirst: false))
        definition.batch = .batch(size: 1)
        definition.start = .beginning
        return definition
    }

    @Test("What an integration follows only since it was applied again is followed from before")
    func appliedAgain() async throws {
        let world = try RowWorld()
        let target = RowTarget.all[0]
        let live = try await target.makeDatabase(in: world.directory, "live")
        var definition = Self.definition(target)
        definition.updates = .ignore
        try await world.apply(definition)
        for (kind, age) in [(EventKind.profilesAdded, 30), (.profilesUpdated, 31)] {
            var batch = EventBatch()
            batch.append(
                kind, segment: SegmentID(kind.hasSegment ? 1 : 0),
                profiles: Self.profile("one", age: age))
            try await world.append(batch)
        }
        definition.updates = .follow
        try await world.apply(definition)
        let connector = try ConnectorRegistry.all.makeConnector(live, secret: nil)
        let outcome = try await world.sync(definition, connector)
        #expect(outcome.state == .done, "\(outcome)")
        let ages = try await RowTarget.rows(live).filter { $0[0] == "tea" }.map { $0[3] }
        #expect(ages == ["31"])
        try await world.close()
    }

    @Test("A lane that was interrupted goes on, and then looks at no earlier change again")
    func interrupted() async throws {
        let world = try RowWorld()
        let target = RowTarget.all[0]
        let live = try await target.makeDatabase(in: world.directory, "live")
        let definition = Self.definition(target)
        var batch = EventBatch()
        batch.append(.profilesAdded, segment: SegmentID(1), profiles: Self.profile("one"))
        batch.append(.profilesUpdated, segment: SegmentID(0), profiles: Self.profile("two"))
        batch.append(.profilesUpdated, segment: SegmentID(0), profiles: [("p1", [])])
        try await world.append(batch)
        try await world.apply(definition)
        let applied = try #require(try await world.store.read { try $0.checkpoint() }.predecessor)
        let connector = try ConnectorRegistry.all.makeConnector(live, secret: nil)

        let first = try await world.sync(definition, FlakyConnector(connector, limit: 1))
        #expect(first.state != .done, "\(first)")
        #expect(try await Self.cards(live) == ["one"])
        let lane = LaneKey(integration: "live", segment: SegmentID(1))
        #expect(try await world.cursor(of: lane) == LaneCursor(position: Position(0)))

        let second = try await world.sync(definition, connector)
        #expect(second.state == .done, "\(second)")
        #expect(try await Self.cards(live) == ["two"])
        let passed = LaneCursor(position: applied.predecessor)
        #expect(try await world.cursor(of: lane) == passed)

        let end = world.ledger.end
        let third = try await world.sync(definition, connector)
        #expect(third.state == .done && world.ledger.end == end, "\(third)")
        try await world.close()
    }

    private static func cards(_ target: ConnectorDefinition) async throws -> [String?] {
        try await RowTarget.rows(target).filter { $0[0] == "tea" }.map { $0[2] }
    }
}
