import Testing

@testable import ConnectorClickHouse

/// What goes along with a statement to ClickHouse, by what the server has for settings.
@Suite("ClickHouse's settings of one statement")
struct ServerSettingsTests {
    /// Up to 22.1, from 22.2 on, and today.
    private static let before = ["insert_deduplicate": "1"]
    private static let since = before.merging(["insert_deduplication_token": ""]) { $1 }
    private static let today = since.merging([
        "deduplicate_insert": "backward_compatible_choice",
        "deduplicate_insert_select": "enable_when_possible",
    ]) { $1 }

    private static func parameters(
        _ values: [String: String], _ verb: String, token: String? = nil
    ) -> Set<Substring> {
        let settings = ServerSettings(values, statementTimeoutMilliseconds: nil)
        let statement = ClickHouseStatement(range: 0..<40, verb: verb)
        return Set(settings.parameters(statement, token: token).split(separator: "&"))
    }

    @Test("INV-8: rows that come without a name are not looked up among earlier ones")
    func withoutName() {
        for values in [Self.before, Self.since] {
            #expect(Self.parameters(values, "INSERT") == ["insert_deduplicate=0"])
        }
        #expect(
            Self.parameters(Self.today, "INSERT") == [
                "insert_deduplicate=0", "deduplicate_insert=disable",
                "deduplicate_insert_select=disable",
            ])
    }

    @Test("INV-6: a block's name goes along where the server knows blocks by names")
    func withName() {
        #expect(Self.parameters(Self.before, "INSERT", token: "d 1") == ["insert_deduplicate=0"])
        #expect(
            Self.parameters(Self.since, "INSERT", token: "d 1") == [
                "insert_deduplication_token=d%201"
            ])
        #expect(
            Self.parameters(Self.today, "INSERT", token: "d 1") == [
                "insert_deduplication_token=d%201", "deduplicate_insert=enable",
            ])
        let off = Self.since.merging(["insert_deduplicate": "0"]) { $1 }
        #expect(
            Self.parameters(off, "INSERT", token: "d") == [
                "insert_deduplication_token=d", "insert_deduplicate=1",
            ])
    }

    @Test("What inserts no rows has nothing of it, and a server gets no setting that it has not")
    func others() {
        for values in [Self.before, Self.since, Self.today] {
            #expect(Self.parameters(values, "ALTER", token: "d").isEmpty)
        }
        for token in [nil, "d"] { #expect(Self.parameters([:], "INSERT", token: token).isEmpty) }
    }
}
