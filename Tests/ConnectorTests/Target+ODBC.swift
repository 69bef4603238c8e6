import Connector
import ConnectorODBC
import Foundation
import KindTesting
import SQLTemplate
import SegmentModel
import ServerTesting

/// No SQL Server and no Oracle can be had for tests. So the connector runs, as the kind of the one
/// or the other, with a dialect of the server's own over three drivers that there are.
extension TargetVariant {
    static let overODBC = ODBCServer.allCases.map { server in
        TargetVariant(server.kind, over: "ODBC over \(server.rawValue)") {
            try Target(odbc: server)
        }
    }
}

enum ODBCServer: String, CaseIterable, Sendable {
    case postgres = "PostgreSQL"
    case mariaDB = "MariaDB"
    case sqlite = "SQLite"

    /// SQLite's driver takes one statement a call, as Oracle's.
    var kind: ConnectorKind { self == .sqlite ? .oracle : .mssql }

    var sqlKind: ConnectorKind {
        switch self {
        case .postgres: .postgresql
        case .mariaDB: .mysql
        case .sqlite: .sqlite
        }
    }

    var dialect: ODBCDialect {
        switch self {
        case .postgres: .postgresForTests
        case .mariaDB: .mariaDBForTests
        case .sqlite: .sqliteForTests
        }
    }

    /// A new database's name, or path, and its port.
    func makeDatabase(_ directory: TemporaryDirectory?) throws -> (name: String, port: Int) {
        switch self {
        case .postgres:
            let server = try PostgresServer.shared.get()
            return (try Self.last(of: server.makeDatabase()), server.port)
        case .mariaDB:
            let server = try MariaDBServer.shared.get()
            return (try Self.last(of: server.makeDatabase()), server.port)
        case .sqlite: return (directory?.path("crm.sqlite") ?? "", 0)
        }
    }

    private static func last(of url: String) -> String {
        url.split(separator: "/").last.map(String.init) ?? ""
    }

    func url(database: String, port: Int) -> String {
        switch self {
        case .postgres:
            "odbc:Driver={PostgreSQL Unicode};Server=127.0.0.1;Port=\(port);Database=\(database);"
                + "UID=postgres"
        case .mariaDB:
            // 67108866: rows found count as written; several statements a call.
            "odbc:Driver={MariaDB Unicode};Server=127.0.0.1;Port=\(port);Database=\(database);"
                + "UID=root;OPTION=67108866"
        case .sqlite: "odbc:Driver=SQLite3;Database=\(database);Timeout=60000"
        }
    }
}

extension Target {
    init(odbc server: ODBCServer) throws {
        let directory = server == .sqlite ? try TemporaryDirectory() : nil
        let (database, port) = try server.makeDatabase(directory)
        self.init(
            server.kind, url: server.url(database: database, port: port), directory: directory,
            sqlKind: server.sqlKind
        ) { definition in
            try ODBCConnector(definition, secret: nil, dialect: server.dialect)
        }
    }
}

extension ODBCDialect {
    /// The files of a folder of `migrations/target`.
    private static func migrations(_ folder: String) -> CursorMigrations {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "migrations/target/\(folder)")
        let files = ["0001_cursor.sql", "0002_fingerprint.sql"].map { name in
            guard let text = try? String(contentsOf: root.appending(path: name), encoding: .utf8)
            else { preconditionFailure("no migration \(name) of \(folder)") }
            return (name: name, sql: text)
        }
        return CursorMigrations(files)
    }

    static let postgresForTests = {
        let transaction =
            "SELECT txid_current(), current_setting('TimeZone'), current_setting('DateStyle')"
        var dialect = ODBCDialect(
            databaseName: "PostgreSQL", reading: { SQLDialect(SQLRules(.postgresql, $0)) },
            transactionBegin: [transaction], transactionCheck: [transaction],
            keepsTransactionOnError: true,
            cursor: ODBCCursorSQL(
                number: "CAST(? AS bigint)",
                columns: "SELECT attname FROM pg_attribute WHERE attnum > 0 "
                    + "AND attrelid = to_regclass('segledger_cursor') AND NOT attisdropped",
                migrations: migrations("postgresql")),
            codeForm: .sqlState, failures: [:], repeatedKeyCodes: ["23505"])
        dialect.watched = [
            WatchedSetting("TimeZone", "decides which moment a value is"),
            WatchedSetting("DateStyle", "decides which day a value is"),
        ]
        dialect.failuresByState = [
            "42501": ODBCFailure(.permanent, "the user may not do this", isRightMissing: true),
            "42P01": ODBCFailure(.permanent, "there is no such table"),
            "55P03": ODBCFailure(.transient, "a lock was not free"),
            "57014": ODBCFailure(.transient, "the query was interrupted"),
            "57P01": ODBCFailure(.transient, "the server shuts down", isConnectionLost: true),
            "3D000": ODBCFailure(.permanent, "there is no such database"),
        ]
        return dialect
    }()

    static let mariaDBForTests = {
        var dialect = mariaDBForTestsWithoutOptions
        dialect.keywords["option"] = .word
        return dialect
    }()

    private static let mariaDBForTestsWithoutOptions = ODBCDialect(
        databaseName: "MariaDB", reading: { SQLDialect(SQLRules(.mysql, $0)) },
        settings: { _, _ in ["SET SESSION sql_mode = 'STRICT_ALL_TABLES'"] },
        transactionBegin: ["SAVEPOINT segledger"],
        transactionCheck: ["RELEASE SAVEPOINT segledger", "SAVEPOINT segledger"],
        keepsTransactionOnError: true,
        openTransactionCount: "SELECT @@in_transaction",
        cursor: ODBCCursorSQL(
            number: "CAST(? AS SIGNED)",
            columns: "SELECT column_name FROM information_schema.columns "
                + "WHERE table_schema = DATABASE() AND table_name = 'segledger_cursor'",
            migrations: migrations("mysql"), page: { "LIMIT \($0)" }),
        codeForm: .native,
        failures: [
            1053: ODBCFailure(.transient, "the server shuts down", isConnectionLost: true),
            1054: ODBCFailure(
                .permanent, "there is no such column",
                texts: ["Unknown column '{name}' in {any}"]),
            1136: ODBCFailure(.permanent, "a row has not as many values as there are columns"),
            1205: ODBCFailure(.transient, "the wait for a lock took too long"),
            1213: ODBCFailure(.transient, "the server broke a deadlock"),
            1305: ODBCFailure(.permanent, "there is no such savepoint"),
            1317: ODBCFailure(.transient, "the query was interrupted"),
            1364: ODBCFailure(.values, "a column has no default value"),
            1366: ODBCFailure(.values, "a value is of the wrong form"),
            1927: ODBCFailure(
                .transient, "the server ended the connection", isConnectionLost: true),
            1969: ODBCFailure(.transient, "the query took too long"),
            2002: ODBCFailure(.transient, "the server cannot be reached", isConnectionLost: true),
            2003: ODBCFailure(.transient, "the server cannot be reached", isConnectionLost: true),
            2006: ODBCFailure(.transient, "the connection was lost", isConnectionLost: true),
            2013: ODBCFailure(.transient, "the connection was lost", isConnectionLost: true),
            2014: ODBCFailure(.transient, "the connection is out of step", isConnectionLost: true),
            3024: ODBCFailure(.transient, "the query took too long"),
            4025: ODBCFailure(.values, "a check does not hold"),
        ],
        repeatedKeyCodes: ["1062"])

    /// The driver's functions for UTF-16 break what is beyond U+FFFF.
    static let sqliteForTests = {
        var dialect = sqliteForTestsWide
        dialect.hasWideText = false
        // A file is the database.
        dialect.keywords["database"] = .file
        dialect.keywords["timeout"] = .word
        return dialect
    }()

    private static let sqliteForTestsWide = ODBCDialect(
        databaseName: "SQLite", reading: { SQLDialect(SQLRules(.sqlite, $0)) },
        splitRules: SQLDialect(.sqlite),
        transactionBegin: ["SAVEPOINT segledger"],
        transactionCheck: ["RELEASE SAVEPOINT segledger", "SAVEPOINT segledger"],
        keepsTransactionOnError: true,
        cursor: ODBCCursorSQL(
            number: "CAST(? AS INTEGER)",
            columns: "SELECT name FROM pragma_table_info('segledger_cursor')",
            migrations: migrations("sqlite"), page: { "LIMIT \($0)" }),
        codeForm: .sqlState,
        failures: [
            1: ODBCFailure(.permanent, "the query is wrong"),
            5: ODBCFailure(.transient, "the database is locked"),
            9: ODBCFailure(.transient, "the query was interrupted"),
            19: ODBCFailure(.values, "a constraint of the table refuses a row"),
        ],
        repeatedKeyCodes: ["19"])
}
