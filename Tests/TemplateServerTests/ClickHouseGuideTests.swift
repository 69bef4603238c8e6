import DocumentationTesting
import KindTesting
import SQLTemplate
import SegmentModel
import ServerTesting
import Testing

/// The queries of the ClickHouse guide, on the current engine.
@Suite struct ClickHouseGuideTests {
    private static let ids =
        [
            "O'Neil", "''", "\\", "C:\\\nnew", "\"x\"", "a\r\nb", "'); DROP TABLE mysegment; --",
            "%_",
            "{p:Int32}", "/* */", "日本 𝄞 😀", "NULL", "‘x’", "# x", "a b ",
        ] + numbers + ["true", "[1.10]"]
    private static let numbers = ["1.10", "1e5", "12345678901234567890", "-0", "1e400", "007"]

    /// As the platform would send it: a number where it is one.
    private static func value(_ id: String) -> FieldValue {
        switch id {
        case "007": .text(id)
        case "true": .boolean(true)
        case "[1.10]": .json(id)
        default: numbers.contains(id) ? .number(id) : .text(id)
        }
    }

    private func run(
        _ house: any ClickHouse, _ example: DocumentedExample, _ ids: [String] = [],
        name: String = "O'Brien's \\ list"
    ) throws -> String {
        let compiled = TemplateCompiler(dialect: SQLDialect(.clickhouse))
            .compile(example.source, query: example.query, mode: .batch)
        let template = try #require(compiled.template, "\(compiled.diagnostics)")
        let scope = RenderScope(
            segmentID: SegmentID(42), segmentName: name, integrationName: "crm",
            eventTime: Timestamp(rawValue: 1_773_309_600_123_000), position: Position(7),
            deliveryID: "d-1")
        let profiles = ids.enumerated().map {
            SampleProfile(id: "p\($0.offset)", fields: ["CustomID": Self.value($0.element)])
        }
        let result = try house.run(try template.render(profiles, scope))
        let text = String(decoding: result.body, as: UTF8.self)
        #expect(result.status == 200, "\(example.name): \(text)")
        return text
    }

    @Test("INV-7: what the guide adds is there once, also repeated, and what it removes is gone")
    func guide() throws {
        let house = try ClickHouseEngine.shared.get()
        let page = "docs/guides/clickhouse.md"
        let examples = try DocumentedExample.examples(of: page)
        let tables = try #require(
            try FencedBlock.blocks(of: page).first { $0.words.first == "sql" })
        for statement in tables.text.split(separator: ";") where statement.contains("CREATE") {
            _ = try house.rows(String(statement))
        }
        func all(_ query: QueryKind) -> [DocumentedExample] {
            examples.filter { $0.query == query }
        }
        func members() throws -> Int {
            let members = try run(house, try #require(all(.members).first))
            return members.split(separator: "\n").count
        }
        func stored(_ id: String) throws -> String {
            let hexadecimal = id.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
            return try house.rows(
                "SELECT count() FROM mysegment FINAL WHERE lower(hex(clientId)) = "
                    + "'\(hexadecimal.joined())' AND "
                    + "toUnixTimestamp64Milli(updated) = 1773309600123")
        }
        #expect(all(.addProfiles).count == 2)
        for add in all(.addProfiles) {
            _ = try run(house, add, Self.ids)
            _ = try run(house, add, Self.ids.reversed())
            #expect(try members() == Self.ids.count, "\(add.name)")
            for id in Self.ids {
                #expect(try stored(id).hasPrefix("1"), "\(add.name) \(id)")
            }
            _ = try run(
                house, try #require(all(.removeProfiles).first), Array(Self.ids.dropFirst(9)))
            #expect(try members() == 9, "\(add.name)")
            _ = try run(house, try #require(all(.clearSegment).first))
            #expect(try members() == 0, "\(add.name)")
        }
        let save = try #require(all(.saveSegment).first)
        _ = try run(house, save)
        _ = try run(house, save)
        let names = try house.rows(
            "SELECT count() FROM segments FINAL WHERE name = 'O\\'Brien\\'s \\\\ list'")
        #expect(names.hasPrefix("1"))
        _ = try run(house, try #require(all(.deleteSegment).first))
        #expect(try house.rows("SELECT count() FROM segments FINAL").hasPrefix("0"))
    }
}
