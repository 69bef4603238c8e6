import Connector
import KindTesting
import SegmentModel
import ServerTesting

/// A connection to a real database with three tables: `data` takes rows, `pool` holds every value
/// of the run, and `canary` is what nothing may touch.
final class Laboratory: StatementReader {
    /// Of the rows of `pool`; no text begins with such a number.
    private static let firstNumber = 5_000_000

    private let database: TestedDatabase
    private let stored: [String]
    private let connector: any Connector
    private var session: any TargetSession
    private let directory: TemporaryDirectory?

    init(_ database: TestedDatabase, _ pool: ValuePool) async throws {
        self.database = database
        stored = pool.stored
        var directory: TemporaryDirectory?
        let url: String
        switch database.reader {
        case .postgres: url = try PostgresServer.shared.get().makeDatabase()
        case .mariaDB: url = try MariaDBServer.shared.get().makeDatabase()
        case .clickHouse18: url = try ClickHouseServer.shared.get().makeDatabase()
        case .clickHouseEngine: url = try ClickHouseEngine.shared.get().makeDatabase()
        case .sqlite, .tokens:
            let made = try TemporaryDirectory()
            directory = made
            url = "sqlite://" + made.path("differential.sqlite")
        }
        self.directory = directory
        var definition = ConnectorDefinition(
            name: "differential", kind: database.rules.kind, url: url)
        definition.sqlSettings = database.rules.settings
        connector = try ConnectorRegistry.all.makeConnector(definition, secret: nil)
        session = try await connector.connect()
        try await makeTables()
    }

    func close() async {
        await session.close()
        withExtendedLifetime(directory) {}
    }

    // MARK: Tables

    func makeTables() async throws {
        let engine = database.isTransactional ? "" : " ENGINE = Memory"
        let (number, text) =
            switch database.rules.kind {
            case .clickhouse: ("Int64", "Nullable(String)")
            case .mysql: ("bigint", "longtext")
            default: ("bigint", "text")
            }
        for table in ["data", "pool", "canary"] {
            try await execute("DROP TABLE IF EXISTS \(table)")
        }
        let hit = database.isTransactional ? "hit bigint" : "hit Nullable(Int64)"
        try await execute("CREATE TABLE data (n \(number), c \(text), d \(text))\(engine)")
        try await execute("CREATE TABLE pool (n \(number), v \(text), \(hit))\(engine)")
        try await execute("CREATE TABLE canary (n \(number))\(engine)")
        try await execute("INSERT INTO canary VALUES (7)")
        let rows = stored.enumerated().map {
            "(\(Self.firstNumber + $0.offset), \(exact($0.element)))"
        }
        try await execute("INSERT INTO pool (n, v) VALUES \(rows.joined(separator: ", "))")
    }

    /// A text as an expression that needs no escaping.
    private func exact(_ text: String) -> String {
        let digits = text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return switch database.rules.kind {
        case .postgresql: "convert_from(decode('\(digits)', 'hex'), 'UTF8')"
        case .mysql: "_utf8mb4 x'\(digits)'"
        case .clickhouse: "unhex('\(digits)')"
        default: "CAST(x'\(digits)' AS text)"
        }
    }

    private func execute(_ sql: String) async throws {
        _ = try await session.execute(Array(sql.utf8))
    }

    private func rows(_ sql: String) async throws -> [[String?]] {
        try await session.query(Array(sql.utf8))
    }

    /// Whether the canary is alive and the session reads as it was told to.
    func isWhole() async throws -> Bool {
        guard try await rows("SELECT n FROM canary") == [["7"]] else { return false }
        guard try await rows("SELECT count(*) FROM pool") == [["\(stored.count)"]] else {
            return false
        }
        let settings = database.rules.settings
        switch database.rules.kind {
        case .postgresql:
            let isOff = settings.contains(.backslashEscapes)
            return try await rows("SHOW standard_conforming_strings") == [[isOff ? "off" : "on"]]
        case .mysql:
            let answer = try await rows("SELECT @@sql_mode, @@character_set_client")
            guard let mode = answer.first?[0], answer.first?[1] == "utf8mb4" else { return false }
            return mode.contains("ANSI_QUOTES") == settings.contains(.ansiQuotes)
                && mode.contains("NO_BACKSLASH_ESCAPES")
                    == settings.contains(.noBackslashEscapes)
        default: return true
        }
    }

    // MARK: Statements

    func outcome(of statements: [[UInt8]], _ frame: TriedTemplate.Frame) async throws -> Outcome {
        do {
            switch frame {
            case .select, .single:
                var rows: [[String?]] = []
                for sql in statements { rows += try await session.query(sql) }
                return .rows(rows)
            case .condition: return .rows(texts(try await session.query(statements[0])))
            case .insert: return .rows(try await written(statements[0]))
            case .change: return .rows(texts(try await changed(statements[0])))
            }
        } catch let failure as TargetFailure {
            if failure.isConnectionLost {
                await session.close()
                session = try await connector.connect()
            } else if database.isTransactional {
                try await session.rollback()
            }
            return Outcome(failure)
        }
    }

    private func written(_ sql: [UInt8]) async throws -> [[String?]] {
        let question = "SELECT n, c, d FROM data ORDER BY n"
        guard database.isTransactional else {
            // A statement that failed may have left some of its rows.
            try await execute("TRUNCATE TABLE data")
            _ = try await session.execute(sql)
            return try await rows(question)
        }
        try await session.begin()
        _ = try await session.executeOrUndo(sql)
        let written = try await rows(question)
        try await session.rollback()
        return written
    }

    private func changed(_ sql: [UInt8]) async throws -> [[String?]] {
        try await session.begin()
        _ = try await session.executeOrUndo(sql)
        let left = try await rows("SELECT n FROM pool WHERE hit IS NULL")
        try await session.rollback()
        let numbers = Set(left.compactMap { $0[0] }.compactMap { Int($0) })
        return stored.indices.map { Self.firstNumber + $0 }.filter { !numbers.contains($0) }
            .map { ["\($0)"] }
    }

    /// The texts whose numbers these rows hold.
    private func texts(_ rows: [[String?]]) -> [[String?]] {
        rows.map { row in
            row.map { cell in
                guard let cell, let number = Int(cell) else { return cell }
                let place = number - Self.firstNumber
                return stored.indices.contains(place) ? stored[place] : cell
            }
        }
    }
}
