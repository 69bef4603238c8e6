import Connector
import DocumentationTesting
import KindTesting
import SQLTemplate
import SegmentModel
import ServerTesting
import Testing

/// The queries of the guides run on their databases, also again, with whatever values there are.
@Suite struct GuideQueryTests {
    private static let pages: [ConnectorKind: String] = [
        .postgresql: "docs/guides/postgresql.md", .sqlite: "docs/guides/sqlite.md",
        .mysql: "docs/guides/mysql-queries.md",
    ]
    private static let hostile = [
        "O'Neil", "''", "\\", "C:\\\nnew", "\"x\"", "a\r\nb", "'); DROP TABLE mysegment; --", "%_",
        "$1 ?1 :a @b", "/* */", "日本 𝄞 😀", "{segment_id}", "null", "NULL", "1e3", "a b ",
    ]

    private struct Guide {
        let target: Target
        let session: any TargetSession
        let examples: [DocumentedExample]
        var segmentName = "O'Brien's \"spring\" list \\"

        init(_ kind: ConnectorKind, _ target: Target? = nil) async throws {
            let page = try #require(GuideQueryTests.pages[kind])
            self.target = try target ?? Target(kind)
            session = try await self.target.connect()
            // Those that a page shows as they were found elsewhere do not fit its tables.
            examples = try DocumentedExample.examples(of: page)
                .filter { !$0.name.hasPrefix("original-") }
            let tables = try FencedBlock.blocks(of: page).first { $0.words.first == "sql" }
            _ = try await session.execute(sql(try #require(tables).text))
        }

        func all(_ query: QueryKind) -> [DocumentedExample] {
            examples.filter { $0.query == query }
        }

        func text(
            of example: DocumentedExample, _ profiles: [[ExactText: FieldValue]] = [],
            time: String = "2026-03-12T10:00:00Z", segment: Int64 = 42
        ) throws -> [UInt8] {
            let compiled = TemplateCompiler(
                dialect: SQLDialect(try example.rules(target.definition.kind))
            ).compile(example.source, query: example.query, mode: example.mode)
            let template = try #require(compiled.template, "\(compiled.diagnostics)")
            let scope = RenderScope(
                segmentID: SegmentID(segment), segmentName: segmentName, integrationName: "crm",
                eventTime: try #require(Timestamp(rfc3339: time)), position: Position(7),
                deliveryID: "d-1")
            var output: [UInt8] = []
            try template.render(RenderRows(profiles, for: template), scope, into: &output)
            return output
        }

        func run(_ query: QueryKind, segment: Int64 = 42) async throws {
            let example = try #require(all(query).first)
            _ = try await session.execute(try text(of: example, segment: segment))
        }

        /// What `members` reads.
        func members(_ segment: Int64 = 42) async throws -> [String] {
            let example = try #require(all(.members).first)
            return try await session.query(try text(of: example, segment: segment))
                .compactMap { $0.first ?? nil }.sorted()
        }
    }

    /// A database whose own character set is another than that of what goes in.
    enum Characters: String, CaseIterable, Sendable {
        case mariaLatin1 = "latin1", mariaCP1251 = "cp1251", mariaASCII = "ascii"
        case postgresLatin1 = "LATIN1", postgresASCII = "SQL_ASCII", postgresUTF8 = "UTF8"
        case sqlite

        func target() throws -> Target {
            switch self {
            case .sqlite: try Target(.sqlite)
            case .mariaLatin1, .mariaCP1251, .mariaASCII:
                Target(
                    .mysql, url: try MariaDBServer.shared.get().makeDatabase(characters: rawValue))
            case .postgresLatin1, .postgresASCII, .postgresUTF8:
                Target(
                    .postgresql,
                    url: try PostgresServer.shared.get().makeDatabase(encoding: rawValue))
            }
        }
    }

    private static let values: [FieldValue] = {
        var values: [FieldValue] = hostile.map { .text($0) }
        for digits in ["0", "1.10", "1e5", "12345678901234567890", "-0", "1e400", "120"] {
            values.append(.number(digits))
        }
        values += [
            .boolean(true), .boolean(false), .json("[1.10]"), .json(#"{"k":"é"}"#), .text("Łu"),
            .text("Żu"), .text("茶"), .text("é"), .text("e\u{301}"), .text("Привет"),
            .text(String(repeating: "L", count: 255)), .text(String(repeating: "茶", count: 255)),
            .text(String(repeating: "L", count: 256)), .text(String(repeating: "é", count: 300)),
            .text(String(repeating: "a'\"\\\n", count: 2000)),
        ]
        return values
    }()

    @Test(
        "INV-7: whatever the database's character set, a value lands as it is or is refused",
        arguments: Characters.allCases)
    func characters(_ characters: Characters) async throws {
        let target = try characters.target()
        let guide = try await Guide(target.definition.kind, target)
        var refusedCount = 0
        for add in guide.all(.addProfiles) {
            for value in Self.values {
                let one: [[ExactText: FieldValue]] = [["id": .text("p"), "CustomID": value]]
                let text =
                    switch value {
                    case .boolean(let flag): "\(flag)"
                    default: String(decoding: value.bytes, as: UTF8.self)
                    }
                let failure = try await caught {
                    _ = try await guide.session.execute(try guide.text(of: add, one))
                }
                let shown = text.prefix(20)
                let members = try await guide.members()
                if let failure {
                    #expect(failure.class == .values, "\(add.name): \(shown): \(failure)")
                    #expect(members.isEmpty, "\(add.name): \(shown)")
                    refusedCount += 1
                    continue
                }
                #expect(
                    members.map { Array($0.utf8) } == [Array(text.utf8)], "\(add.name): \(shown)")
                let remove = try #require(guide.all(.removeProfiles).first)
                _ = try await guide.session.execute(try guide.text(of: remove, one))
                #expect(try await guide.members() == [], "\(add.name): \(shown)")
                try await guide.run(.clearSegment)
            }
        }
        let isWhole = [.sqlite, .postgresASCII, .postgresUTF8].contains(characters)
        #expect((refusedCount == 0) == isWhole, "\(refusedCount) refused")
        await guide.session.close()
        withExtendedLifetime(guide) {}
    }

    private static func profiles(_ values: [String]) -> [[ExactText: FieldValue]] {
        values.enumerated().map { ["id": .text("p\($0.offset)"), "CustomID": .text($0.element)] }
    }

    @Test(
        "INV-7: what the guide adds is there once, also repeated, and what it removes is gone",
        arguments: pages.keys.sorted { $0.rawValue < $1.rawValue })
    func addAndRemove(_ kind: ConnectorKind) async throws {
        let guide = try await Guide(kind)
        let profiles = Self.profiles(Self.hostile)
        #expect(guide.all(.addProfiles).count >= 2)
        for add in guide.all(.addProfiles) {
            for time in ["2026-03-12T10:00:00Z", "2026-03-12T10:00:00Z", "2026-03-13T10:00:00Z"] {
                _ = try await guide.session.execute(try guide.text(of: add, profiles, time: time))
                #expect(try await guide.members() == Self.hostile.sorted(), "\(add.name)")
            }
            _ = try await guide.session.execute(
                try guide.text(of: add, Self.profiles(["other"]), segment: 43))
            for remove in guide.all(.removeProfiles) {
                for _ in 0..<2 {
                    _ = try await guide.session.execute(
                        try guide.text(of: remove, Array(profiles.prefix(5))))
                    #expect(try await guide.members() == Self.hostile.dropFirst(5).sorted())
                }
            }
            for _ in 0..<2 { try await guide.run(.clearSegment) }
            #expect(try await guide.members() == [])
            #expect(try await guide.members(43) == ["other"], "\(add.name)")
        }
        await guide.session.close()
        withExtendedLifetime(guide) {}
    }

    @Test(
        "Two profiles of one CustomID are one row, or what the guide says; missing ones do no harm",
        arguments: pages.keys.sorted { $0.rawValue < $1.rawValue })
    func sharedKeys(_ kind: ConnectorKind) async throws {
        let guide = try await Guide(kind)
        let profiles =
            Self.profiles(["same", "same"]) + [["id": .text("p9")], ["CustomID": .number("5")]]
        for add in guide.all(.addProfiles) {
            let failure = try await caught {
                _ = try await guide.session.execute(try guide.text(of: add, profiles))
            }
            // Rows of values meet one key twice.
            let isRefused = kind == .postgresql && add.name == "postgresql-add-values"
            #expect((failure?.class == .repeatedKey) == isRefused, "\(add.name): \(failure as Any)")
            if failure == nil {
                let members = try await guide.members()
                #expect(members.filter { !$0.isEmpty } == ["5", "same"], "\(add.name)")
            }
            try await guide.run(.clearSegment)
            let nobody = try await caught {
                _ = try await guide.session.execute(
                    try guide.text(of: add, [["id": .text("p9")]]))
            }
            #expect(nobody == nil, "\(add.name): \(nobody as Any)")
            try await guide.run(.clearSegment)
        }
        await guide.session.close()
        withExtendedLifetime(guide) {}
    }

    @Test(
        "INV-7: a segment is saved, saved again and deleted as the guide writes it",
        arguments: pages.keys.sorted { $0.rawValue < $1.rawValue })
    func segments(_ kind: ConnectorKind) async throws {
        var guide = try await Guide(kind)
        try await guide.run(.saveSegment, segment: 43)
        for name in [guide.segmentName, guide.segmentName, "');\n--", "日本"] {
            guide.segmentName = name
            try await guide.run(.saveSegment)
            let rows = try await guide.session.rows(
                "SELECT segment_id, name FROM segments WHERE segment_id = 42")
            #expect(rows == [["42", name]])
        }
        for _ in 0..<2 { try await guide.run(.deleteSegment) }
        let rows = try await guide.session.rows("SELECT segment_id FROM segments")
        #expect(rows == [["43"]])
        await guide.session.close()
        withExtendedLifetime(guide) {}
    }

    @Test(
        "INV-7: a guide's queries leave the same members with their values bound",
        arguments: [ConnectorKind.postgresql, .mysql])
    func bound(_ kind: ConnectorKind) async throws {
        let guide = try await Guide(kind)
        let profiles = Self.profiles(Self.hostile)
        var boundCount = 0
        func run(_ example: DocumentedExample, _ profiles: [[ExactText: FieldValue]]) async throws {
            let compiled = TemplateCompiler(
                dialect: SQLDialect(try example.rules(guide.target.definition.kind))
            ).compile(example.source, query: example.query, mode: example.mode)
            let template = try #require(compiled.template)
            var shapes = BoundShapes()
            let scope = RenderScope(
                segmentID: SegmentID(42), segmentName: "", integrationName: "crm",
                eventTime: try #require(Timestamp(rfc3339: "2026-03-12T10:00:00Z")),
                position: Position(7), deliveryID: "d-1")
            let bound = try template.renderBound(
                RenderRows(profiles, for: template), scope, &shapes)
            if bound != nil { boundCount += 1 }
            let text = TargetQuery.text(try guide.text(of: example, profiles))
            let result = try await guide.session.deliver(
                TargetDelivery(
                    lane: CursorConformanceTests.lane, id: "d", move: nil,
                    queries: [bound.map { .bound($0) } ?? text]))
            guard case .committed = result else {
                Issue.record("\(example.name): \(result)")
                return
            }
        }
        for add in guide.all(.addProfiles) {
            for _ in 0..<2 {
                try await run(add, profiles)
                #expect(try await guide.members() == Self.hostile.sorted(), "\(add.name)")
            }
            for remove in guide.all(.removeProfiles) {
                for _ in 0..<2 {
                    try await run(remove, Array(profiles.prefix(5)))
                    #expect(try await guide.members() == Self.hostile.dropFirst(5).sorted())
                }
            }
            try await guide.run(.clearSegment)
        }
        #expect(boundCount > 0)
        await guide.session.close()
        withExtendedLifetime(guide) {}
    }
}
