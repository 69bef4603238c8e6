import Foundation
import ServerTesting
import Testing

/// The environment and the files of the client libraries change nothing: what the configuration
/// names is reached, and nothing else.
@Suite("The environment redirects no connection")
struct ClientEnvironmentTests {
    private let scratch: TemporaryDirectory

    init() throws { scratch = try TemporaryDirectory() }

    private func deliver(
        _ kind: String, _ url: String, _ environment: [String: String]
    ) throws -> Program.Result {
        var program = Program(directory: scratch.path)
        try program.apply(Configurations.keyless(kind: kind, url: url, size: 10))
        let event =
            #"{"type":"profiles_added","segment_id":1,"profiles":"#
            + #"[{"id":"p","fields":{"CustomID":"C-1"}}]}"#
        #expect(try program.run("append", input: Data(event.utf8)).status == 0)
        program.environment = environment
        program.environment["HOME"] = scratch.path("home")
        return try program.run("sync", "--until-idle", "--give-up-after", "20")
    }

    /// Files in the user's home that name another server, or break the connection.
    private func makeHome() throws {
        let home = scratch.path("home")
        let files = [
            ".pgpass": "*:*:*:*:wrong\n", ".pg_service.conf": "[other]\nhost=192.0.2.1\n",
            ".postgresql/root.crt": "broken", ".postgresql/postgresql.crt": "broken",
            ".postgresql/postgresql.key": "broken", ".postgresql/root.crl": "broken",
            ".my.cnf": "[client]\nhost=192.0.2.1\nport=1\nssl-ca=/nowhere\nssl-mode=REQUIRED\n",
        ]
        try FileManager.default.createDirectory(
            atPath: home + "/.postgresql", withIntermediateDirectories: true)
        for (name, text) in files {
            try text.write(toFile: "\(home)/\(name)", atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600], ofItemAtPath: "\(home)/\(name)")
        }
    }

    @Test("PostgreSQL: no variable of libpq's, and no file of the user's")
    func postgres() throws {
        try makeHome()
        let server = try PostgresServer.shared.get()
        let url = try server.makeDatabase()
        _ = try server.run(Configurations.keylessTable, url: url)
        let result = try deliver(
            "postgresql", url,
            [
                "PGHOST": "192.0.2.1", "PGHOSTADDR": "192.0.2.1", "PGPORT": "1",
                "PGSERVICE": "other", "PGSERVICEFILE": scratch.path("home/.pg_service.conf"),
                "PGSYSCONFDIR": scratch.path("home"), "PGUSER": "nobody", "PGDATABASE": "nowhere",
                "PGPASSWORD": "wrong", "PGPASSFILE": scratch.path("home/.pgpass"),
                "PGOPTIONS": "-c search_path=nowhere", "PGSSLMODE": "verify-full",
                "PGSSLROOTCERT": "/nowhere", "PGREQUIREPEER": "nobody", "PGREQUIRESSL": "1",
                "PGTARGETSESSIONATTRS": "standby", "PGGSSENCMODE": "require",
                "PGCHANNELBINDING": "require", "PGCLIENTENCODING": "SQL_ASCII",
                "PGSSLMINPROTOCOLVERSION": "TLSv9", "PGCONNECT_TIMEOUT": "1",
                "PGDATESTYLE": "German", "PGTZ": "Asia/Tokyo", "PGGEQO": "off",
            ])
        #expect(result.status == 0, "\(result.errors)")
        #expect(try server.run("SELECT clientId FROM journal", url: url) == "C-1")
    }

    @Test("MySQL: no variable of libmariadb's, and no file of options")
    func mysql() throws {
        try makeHome()
        let server = try MariaDBServer.shared.get()
        let url = try server.makeDatabase()
        _ = try server.run(Configurations.keylessTable, url: url)
        let result = try deliver(
            "mysql", url,
            [
                "MYSQL_HOST": "192.0.2.1", "MYSQL_TCP_PORT": "1", "MYSQL_UNIX_PORT": "/nowhere",
                "MYSQL_PWD": "wrong", "MARIADB_PLUGIN_DIR": scratch.path,
                "LIBMYSQL_PLUGINS": "evil", "MYSQL_HOME": scratch.path("home"),
                "MARIADB_HOME": scratch.path("home"),
            ])
        #expect(result.status == 0, "\(result.errors)")
        #expect(try server.run("SELECT clientId FROM journal", url: url) == "C-1")
    }

    @Test("ClickHouse: no proxy")
    func clickHouse() throws {
        let server = try ClickHouseServer.shared.get()
        let url = try server.makeDatabase()
        let database = url.split(separator: "/").last!
        _ = try server.rows(
            "CREATE TABLE \(database).journal (segId Int32, clientId String, sign Int32) "
                + "ENGINE = MergeTree ORDER BY segId")
        let proxies = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"]
        let result = try deliver(
            "clickhouse", url,
            Dictionary(uniqueKeysWithValues: proxies.map { ($0, "http://127.0.0.1:1") }))
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            try server.rows("SELECT clientId FROM \(database).journal").contains("C-1"))
    }
}
