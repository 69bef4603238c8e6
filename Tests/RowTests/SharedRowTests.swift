import Connector
import EventJSON
import KindTesting
import SegmentModel
import ServerTesting
import Sync
import Testing

/// Rows that several members share, where the histories of `LiveEqualsRebuiltTests` do not reach.
@Suite("INV-11: rows that members share")
struct SharedRowTests {
    /// A table that takes a row as often as it is written.
    private static let definition = {
        var definition = IntegrationDefinition(
            name: "live", scope: .init(databaseID: 1, segments: .all), connector: "live",
            queries: [
                .addProfiles: "INSERT INTO cups VALUES {for $l = $batch}"
                    + "('{$l.card}', '{$l.id}'){autocomma}{end}",
                .removeProfiles: "DELETE FROM cups WHERE card IN ({batch_in \"card\"})",
            ])
        definition.batch = .batch(size: 10)
        return definition
    }()

    private static func rows(_ target: ConnectorDefinition) async throws -> [String?] {
        let session = try await ConnectorRegistry.all.makeConnector(target, secret: nil).connect()
        let rows = try await session.query(
            Array("SELECT who FROM cups ORDER BY CAST(substr(who, 2) AS integer)".utf8))
        await session.close()
        return rows.map { $0[0] }
    }

    private static func profiles(
        _ numbers: some Sequence<Int>, card: String = "one"
    ) -> [(id: String, fields: [(name: String, value: FieldValue)])] {
        numbers.map { ("p\($0)", [("card", .text(card))]) }
    }

    /// Delivers what `events` append, one after the other, and gives the rows behind each.
    ///
    /// - Parameters:
    ///   - sql: runs before.
    ///   - parked: how many changes are set aside behind each.
    private func rows(
        behind events: [(inout EventBatch) -> Void], after sql: [String] = [], parked: [Int] = []
    ) async throws -> [[String?]] {
        let world = try RowWorld()
        var target = ConnectorDefinition(
            name: "live", kind: .sqlite, url: "sqlite://" + world.directory.path("live.sqlite"))
        target.connectTimeoutMilliseconds = 120_000
        try await RowTarget.run(
            ["CREATE TABLE cups (card varchar(40), who varchar(40))"] + sql, on: target)
        try await world.apply(Self.definition)
        let connector = try ConnectorRegistry.all.makeConnector(target, secret: nil)
        var found: [[String?]] = []
        for (number, append) in events.enumerated() {
            var batch = EventBatch()
            append(&batch)
            try await world.append(batch)
            let outcome = try await world.sync(Self.definition, connector)
            let parkedCount = parked.isEmpty ? 0 : parked[number]
            #expect(
                outcome.state == .done && outcome.parkedChangeCount == parkedCount, "\(outcome)")
            found.append(try await Self.rows(target))
        }
        try await world.close()
        return found
    }

    private static func names(_ numbers: some Sequence<Int>) -> [String?] {
        numbers.map { "p\($0)" }
    }

    @Test("A row stays while another member has it, and its key's next one is theirs")
    func stays() async throws {
        let found = try await rows(behind: [
            {
                $0.append(.profilesAdded, segment: SegmentID(1), profiles: Self.profiles(0..<3))
            },
            { $0.append(.profilesRemoved, segment: SegmentID(1), profiles: [("p1", [])]) },
            {
                $0.append(
                    .profilesUpdated, segment: SegmentID(0),
                    profiles: Self.profiles([0], card: "two"))
            },
            {
                $0.append(
                    .profilesUpdated, segment: SegmentID(0),
                    profiles: Self.profiles([2], card: "two"))
            },
            {
                $0.append(
                    .profilesRemoved, segment: SegmentID(1), profiles: [("p0", []), ("p2", [])])
            },
        ])
        #expect(
            found == [
                Self.names(0..<3), Self.names([0, 2]), Self.names([0, 2]), Self.names([0, 2]), [],
            ])
    }

    @Test("A profile whose changes are set aside takes nobody else's with it")
    func parked() async throws {
        let found = try await rows(
            behind: [
                {
                    $0.append(
                        .profilesAdded, segment: SegmentID(1), profiles: Self.profiles(0..<3))
                },
                {
                    $0.append(
                        .profilesUpdated, segment: SegmentID(0),
                        profiles: Self.profiles([1], card: "two"))
                },
                { $0.append(.profilesRemoved, segment: SegmentID(1), profiles: [("p0", [])]) },
                {
                    $0.append(
                        .profilesUpdated, segment: SegmentID(0),
                        profiles: Self.profiles([2], card: "two"))
                },
            ],
            after: [
                """
                CREATE TRIGGER refusing BEFORE INSERT ON cups
                WHEN NEW.who = 'p1' AND NEW.card = 'two'
                BEGIN SELECT RAISE(ABORT, 'refused'); END
                """
            ], parked: [0, 1, 1, 1])
        #expect(found == [Self.names(0..<3), Self.names(0..<3), Self.names([2]), Self.names([2])])
    }

    @Test("Of a key that very many have the first and the last are written again")
    func limit() async throws {
        let found = try await rows(behind: [
            {
                $0.append(.profilesAdded, segment: SegmentID(1), profiles: Self.profiles(0..<64))
            },
            { $0.append(.profilesRemoved, segment: SegmentID(1), profiles: [("p5", [])]) },
            {
                $0.append(
                    .profilesAdded, segment: SegmentID(1), profiles: Self.profiles(64..<70))
            },
        ])
        let others = (0..<70).filter { $0 != 5 }
        #expect(found[0] == Self.names(0..<64))
        #expect(found[1] == Self.names((0..<64).filter { $0 != 5 }))
        #expect(found[2] == Self.names(others.prefix(32) + others.suffix(32)))
    }
}
