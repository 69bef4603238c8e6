import Connector
import DocumentationTesting
import KindTesting
import SQLTemplate
import SegmentModel
import ServerTesting
import Testing

/// `{event_time}`, `date` and a field that is a moment, through servers, roles, databases and
/// columns of other zones: one moment, in text and beside it.
@Suite("A moment is the same in every zone")
struct MomentTests {
    /// Of `BoundQueryTests.Lane.scope` and of the field.
    private static let milliseconds = "1773309600123"

    private static let profiles: [[ExactText: FieldValue]] = [
        ["at": .text("2026-03-12T13:00:00.123+03:00"), "n": .text("1")]
    ]

    /// Writes one row for each way to write a moment, into a table of columns with these types.
    private static func write(
        _ session: any TargetSession, _ kind: ConnectorKind, columns: [String],
        forms: [String] = ["{event_time}", "'{event_time}'", "{date($l.at)}", "'{date($l.at)}'"]
    ) async throws {
        let names = columns.indices.map { "c\($0)" }.joined(separator: ", ")
        let lane = try await BoundQueryTests.Lane(session)
        for form in forms {
            let values = columns.map { _ in form }.joined(separator: ", ")
            let template = try BoundQueryTests.Lane.compile(
                kind,
                "INSERT INTO m (\(names)) VALUES {for $l = $batch}(\(values)){autocomma}{end}")
            _ = try await lane.deliver([try lane.text(template, profiles)])
            guard session.bindsValues, let bound = try lane.bound(template, profiles) else {
                continue
            }
            _ = try await lane.deliver([bound])
        }
    }

    private static func table(_ columns: [String], _ end: String = "") -> [UInt8] {
        let list = columns.enumerated().map { "c\($0.offset) \($0.element)" }
        return sql("CREATE TABLE m (\(list.joined(separator: ", ")))\(end)")
    }

    private func expect(
        _ rows: [[String?]], _ wanted: [String], _ note: Comment
    ) {
        #expect(rows.count >= 4, note)
        for row in rows { #expect(row == wanted, note) }
    }

    @Test("INV-7: PostgreSQL: in a role, a database and a server of another zone and date style")
    func postgres() async throws {
        let server = try PostgresServer.shared.get()
        let url = try server.makeDatabase()
        let database = try #require(url.split(separator: "/").last)
        _ = try server.run(
            """
            CREATE ROLE z_\(database) SUPERUSER LOGIN;
            ALTER DATABASE \(database) SET timezone = 'America/New_York';
            ALTER ROLE z_\(database) SET timezone = 'Asia/Tokyo';
            ALTER ROLE z_\(database) SET datestyle = 'SQL, DMY'
            """, url: url)
        let target = Target(
            .postgresql, url: url.replacing("postgres@", with: "z_\(database)@"))
        let session = try await target.connect()
        let columns = ["timestamptz", "timestamp", "text", "timestamptz(3)"]
        _ = try await session.execute(Self.table(columns))
        try await Self.write(session, .postgresql, columns: columns)
        let epochs = ["c0", "c1 AT TIME ZONE 'UTC'", "c2::timestamptz", "c3"].map {
            "round(extract(epoch from \($0)) * 1000)::text"
        }
        expect(
            try await session.rows("SELECT \(epochs.joined(separator: ", ")) FROM m"),
            [String](repeating: Self.milliseconds, count: 4), "PostgreSQL")
        // A field with its zone, as it is.
        _ = try await session.execute(sql("DELETE FROM m"))
        try await Self.write(
            session, .postgresql, columns: ["timestamptz"], forms: ["'{$l.at}'", "{$l.at}"])
        expect(
            try await session.rows("SELECT \(epochs[0]) FROM m"), [Self.milliseconds], "a field")
        await session.close()
    }

    @Test("INV-7: MariaDB: in a server of another zone, in TIMESTAMP and in DATETIME")
    func mariaDB() async throws {
        let server = try MariaDBServer(options: ["default-time-zone=+09:00", "sql-mode="])
        defer { server.stop() }
        let url = try server.makeDatabase()
        let session = try await Target(.mysql, url: url).connect()
        let columns = ["timestamp(3)", "datetime(3)", "varchar(40)"]
        _ = try await session.execute(Self.table(columns))
        try await Self.write(session, .mysql, columns: columns)
        await session.close()
        // Read by a session in the server's own zone.
        let rows = try server.run(
            """
            SELECT ROUND(UNIX_TIMESTAMP(c0) * 1000),
                TIMESTAMPDIFF(MICROSECOND, '1970-01-01', c1) DIV 1000, c2 FROM m
            """, url: url
        ).split(separator: "\n")
        #expect(rows.count == 6)
        for row in rows {
            #expect(row == "\(Self.milliseconds)|\(Self.milliseconds)|2026-03-12 10:00:00.123")
        }
    }

    @Test("INV-7: ClickHouse 18.16: in a server of another zone, and in columns of others")
    func clickHouseServer() async throws {
        let server = try ClickHouseServer(timeZone: "Asia/Tokyo")
        defer { server.stop() }
        let columns = ["DateTime", "DateTime('America/New_York')", "DateTime('UTC')", "String"]
        try await clickHouse(
            server, columns, ["toUInt32(c0)", "toUInt32(c1)", "toUInt32(c2)", "c3"],
            ["1773309600", "1773309600", "1773309600", "2026-03-12T10:00:00.123Z"])
    }

    @Test("INV-7: ClickHouse's current engine: in columns of every zone and precision")
    func clickHouseEngine() async throws {
        let columns = [
            "DateTime", "DateTime('America/New_York')", "DateTime64(3)",
            "DateTime64(3, 'Asia/Tokyo')",
        ]
        try await clickHouse(
            try ClickHouseEngine.shared.get(), columns,
            [
                "toUnixTimestamp(c0)", "toUnixTimestamp(c1)", "toUnixTimestamp64Milli(c2)",
                "toUnixTimestamp64Milli(c3)",
            ],
            ["1773309600", "1773309600", Self.milliseconds, Self.milliseconds])
    }

    private func clickHouse(
        _ house: any ClickHouse, _ columns: [String], _ expressions: [String], _ wanted: [String]
    ) async throws {
        let session = try await Target(.clickhouse, url: house.makeDatabase()).connect()
        _ = try await session.execute(Self.table(columns, " ENGINE = MergeTree ORDER BY tuple()"))
        try await Self.write(session, .clickhouse, columns: columns)
        expect(
            try await session.rows("SELECT \(expressions.joined(separator: ", ")) FROM m"), wanted,
            "ClickHouse")
        await session.close()
    }
}
