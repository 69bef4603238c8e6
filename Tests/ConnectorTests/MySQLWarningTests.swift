import Connector
import KindTesting
import SegmentModel
import Testing

/// What MariaDB stores as something else, and only warns of.
@Suite struct MySQLWarningTests {
    private static let tables = """
        CREATE TABLE w (k bigint, a varchar(3), d date, PRIMARY KEY (a)) CHARACTER SET utf8mb4;
        INSERT INTO w (k, a) VALUES (0, 'x')
        """

    /// Each would leave another value than was given, or take another row.
    private static let refused = [
        "INSERT IGNORE INTO w (k, a) VALUES (1, 'long')",
        "INSERT IGNORE INTO w (k, a) VALUES (9223372036854775808, 'y')",
        "INSERT IGNORE INTO w (a, d) VALUES ('y', 'soon')",
        "INSERT IGNORE INTO w (k, a) VALUES (1, NULL)",
        "INSERT INTO w (k, a) SELECT 1, j.a FROM JSON_TABLE('[\"long\"]', '$[*]' "
            + "COLUMNS (a varchar(3) PATH '$')) AS j",
        "INSERT INTO w (k, a) SELECT 1, j.a FROM JSON_TABLE('[\"茶\"]', '$[*]' "
            + "COLUMNS (a varchar(3) CHARACTER SET latin1 PATH '$')) AS j",
        "DELETE FROM w WHERE k IN ('c-1', 'c-2')", "DELETE FROM w WHERE k = 'c-1'",
        "INSERT IGNORE INTO w (k, a) VALUES (1, 'long'); UPDATE w SET k = 7",
        "INSERT INTO w (k, a) VALUES (1, 'y'); INSERT IGNORE INTO w (k, a) VALUES (1, 'long')",
    ]

    /// A key that is there already is what IGNORE is for; the rest fits.
    private static let taken = [
        "INSERT IGNORE INTO w (k, a) VALUES (5, 'x'), (6, 'y')",
        "INSERT INTO w (k, a, d) VALUES (6, 'y', '2026-03-12 10:00:00.000')",
        "INSERT INTO w (k, a) SELECT 6, j.a FROM JSON_TABLE('[\"y\"]', '$[*]' "
            + "COLUMNS (a varchar(3) PATH '$')) AS j",
        "UPDATE w SET k = 6 WHERE k = '0'; INSERT IGNORE INTO w (k, a) VALUES (1, 'x'); "
            + "INSERT INTO w (k, a) VALUES (8, ';')",
    ]

    private func deliver(
        _ query: String, _ session: any TargetSession
    ) async throws -> TargetFailure? {
        try await caught {
            _ = try await session.deliver(
                TargetDelivery(
                    lane: CursorConformanceTests.lane, id: "d", move: nil,
                    queries: [.text(sql(query))]))
        }
    }

    @Test("INV-7 INV-10: what the server would change is refused, and nothing of it stays")
    func refusals() async throws {
        let target = try Target(.mysql)
        let session = try await target.connect()
        _ = try await session.execute(sql(Self.tables))
        for query in Self.refused {
            let failure = try await deliver(query, session)
            #expect(failure?.class == .values, "\(query): \(failure as Any)")
            for value in ["long", "soon", "茶", "c-1"] {
                #expect(failure?.message.contains(value) != true, "\(failure as Any)")
            }
            #expect(try await session.rows("SELECT k, a FROM w") == [["0", "x"]], "\(query)")
        }
        await session.close()
        withExtendedLifetime(target) {}
    }

    @Test("Warnings that change no value do no harm")
    func harmless() async throws {
        let target = try Target(.mysql)
        let session = try await target.connect()
        _ = try await session.execute(sql(Self.tables))
        for query in Self.taken {
            let failure = try await deliver(query, session)
            #expect(failure == nil, "\(query): \(failure as Any)")
            #expect(try await session.rows("SELECT a FROM w").count == 2, "\(query)")
            _ = try await session.execute(
                sql("DELETE FROM w WHERE a <> 'x'; UPDATE w SET k = 0"))
        }
        await session.close()
        withExtendedLifetime(target) {}
    }

    @Test("INV-7: more warnings than a server keeps by default hide none")
    func many() async throws {
        let target = try Target(.mysql)
        let session = try await target.connect()
        _ = try await session.execute(sql(Self.tables))
        let repeats = Array(repeating: "(1, 'x')", count: 500).joined(separator: ", ")
        let failure = try await deliver(
            "INSERT IGNORE INTO w (k, a) VALUES \(repeats), (1, 'long')", session)
        #expect(failure?.class == .values)
        await session.close()
        withExtendedLifetime(target) {}
    }

    @Test("INV-7: columns of JSON_TABLE hold every character in a database of another set")
    func characters() async throws {
        let target = try GuideQueryTests.Characters.mariaLatin1.target()
        let session = try await target.connect()
        _ = try await session.execute(sql(Self.tables))
        let failure = try await deliver(
            "INSERT INTO w (k, a) SELECT 1, j.a FROM JSON_TABLE('[\"茶\",\"Łu\"]', '$[*]' "
                + "COLUMNS (a varchar(3) PATH '$')) AS j", session)
        #expect(failure == nil, "\(failure as Any)")
        let rows = try await session.rows("SELECT a FROM w WHERE k = 1 ORDER BY a")
        #expect(rows == [["Łu"], ["茶"]])
        await session.close()
        withExtendedLifetime(target) {}
    }
}
