import Foundation
import ServerTesting
import Testing

/// INV-10 on every kind of database: each case makes the server refuse a profile in another way;
/// afterwards nothing of the profile stands in anything that Segledger says or keeps of it.
@Suite(.serialized) struct LeakTests {
    private let scratch: TemporaryDirectory
    private let program: Program

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
    }

    @Test("INV-10: what SQLite refuses is told without its values")
    func sqliteFile() throws {
        let target = try Target("sqlite", in: scratch)
        try expectNoLeak(LeakCase.sqlite, target)
    }

    @Test("INV-10: what PostgreSQL refuses is told without its values")
    func postgresql() throws {
        try expectNoLeak(LeakCase.postgresql, try Target(PostgresServer.shared.get()))
    }

    @Test("INV-10: what MariaDB refuses is told without its values")
    func mysql() throws {
        try expectNoLeak(LeakCase.mysql, try Target(MariaDBServer.shared.get()))
    }

    @Test("INV-10: what ClickHouse 18.16 refuses is told without its values")
    func clickHouse() throws {
        try expectNoLeak(LeakCase.clickhouse, try Target(ClickHouseServer.shared.get()))
    }

    @Test("INV-10: what the current engine of ClickHouse refuses is told without its values")
    func clickHouseEngine() throws {
        try expectNoLeak(LeakCase.clickhouse, try Target(ClickHouseEngine.shared.get()))
    }

    @Test(
        "INV-10: a password that is refused stands in no word about it",
        arguments: ["mysql", "clickhouse"])
    func password(kind: String) throws {
        let target =
            try kind == "mysql"
            ? Target(MariaDBServer.shared.get()) : Target(ClickHouseServer.shared.get())
        let yaml = Configurations.keyless(kind: kind, url: target.url, size: 3)
            .replacing("root@", with: "CANARYless:CANARYpass@")
            .replacing("default@", with: "default:CANARYpass@")
        try program.apply(yaml)
        #expect(try program.run("append", input: Data(Canary.events.utf8)).status == 0)
        try sync()
        #expect(try errorCounts()["log"] ?? 0 > 0)
        try expectSilence(["log"], besides: ["CANARYless"])
    }

    // MARK: Provoking

    private func expectNoLeak(_ cases: [LeakCase], _ target: Target) throws {
        // Alone, and in a batch.
        let all = cases.flatMap {
            [($0, "one_\($0.name)"), ($0, "all_\($0.name)")]
        }
        var made: Set<String> = []
        for (one, name) in all {
            if !one.before.isEmpty, made.insert(one.before).inserted {
                _ = try target.run(one.before)
            }
            let engine = target.kind == "clickhouse" ? " ENGINE = MergeTree ORDER BY tuple()" : ""
            _ = try target.run("CREATE TABLE \(database(target))\(name) (v \(one.column))\(engine)")
            if !one.after.isEmpty {
                _ = try target.run(one.after.replacing("TABLE", with: name))
            }
        }
        let refused = try apply(all, target)
        let names = all.map(\.1).filter { !refused.contains($0) }
        // Most are there: a rule that refuses a query when it is saved is as good.
        #expect(names.count * 2 > all.count, "\(refused)")
        #expect(try program.run("append", input: Data(Canary.events.utf8)).status == 0)
        // On a busy machine the time is over before each of them was tried.
        var silent = names
        for _ in 0..<10 where !silent.isEmpty {
            try sync()
            let counts = try errorCounts()
            silent.removeAll { counts[$0] != nil }
        }
        #expect(silent.isEmpty, "these did not fail")
        try expectSilence(names)
    }

    private func database(_ target: Target) -> String {
        target.kind == "clickhouse" ? target.url.split(separator: "/").last! + "." : ""
    }

    /// Applies an integration for each case; those that are refused are left out, and returned.
    private func apply(_ cases: [(LeakCase, String)], _ target: Target) throws -> Set<String> {
        var left = cases
        let path = scratch.path("leak.yaml")
        while true {
            var yaml = "connectors: { t: { kind: \(target.kind), url: \"\(target.url)\" } }\n"
            yaml += "integrations:\n"
            for (one, name) in left { yaml += integration(one, name) }
            try yaml.write(toFile: path, atomically: true, encoding: .utf8)
            let result = try program.run("apply", path)
            if result.status == 0 { break }
            let faulty = Set(
                result.errors.matches(of: /integrations\.(\w+)\.queries/).map { String($0.1) })
            try #require(!faulty.isEmpty, "\(result.errors)")
            left.removeAll { faulty.contains($0.1) }
        }
        return Set(cases.map(\.1)).subtracting(left.map(\.1))
    }

    private func integration(_ one: LeakCase, _ name: String) -> String {
        let rows =
            name.hasPrefix("one_")
            ? "(\(one.value))" : "{for $lead = $batch}(\(one.value)){autocomma}{end}"
        return """
              \(name):
                scope: { database_id: 1, segments: all }
                connector: t
                start: beginning
                batch: \(name.hasPrefix("one_") ? "individual" : "{ size: 10, timeout: 60s }")
                queries:
                  add_profiles: |
                    INSERT INTO \(name) (v) VALUES \(rows)
                  remove_profiles: |
                    INSERT INTO \(name) (v) VALUES \(rows)

            """
    }

    private func sync() throws {
        let result = try program.run("sync", "--until-idle", "--give-up-after", "1")
        #expect(result.status == 5, "\(result.errors)")
        expect(result.output + result.errors, "sync")
        let again = try program.run("sync", "--until-idle", "--give-up-after", "0", "--json")
        expect(again.output + again.errors, "sync --json")
    }

    // MARK: Looking

    private func expect(
        _ text: String, _ place: String, besides allowed: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let rest = allowed.reduce(text) { $0.replacing($1, with: "") }
        let said = rest.split(separator: "\n").filter { line in
            Canary.words.contains { line.contains($0) }
        }
        if said.isEmpty { return }
        let lines = said.map { String($0.prefix(300)) }.joined(separator: "\n")
        Issue.record("\(place), \(said.count) times:\n\(lines)", sourceLocation: sourceLocation)
    }

    /// A copy of the projections, so that looking changes nothing.
    private func ask(_ sql: String) throws -> String {
        let copy = scratch.path("copy-\(UUID().uuidString).sqlite")
        for suffix in ["", "-wal"] {
            let path = scratch.path("data/projections.sqlite") + suffix
            guard FileManager.default.fileExists(atPath: path) else { continue }
            try FileManager.default.copyItem(atPath: path, toPath: copy + suffix)
        }
        return try sqlite(copy, sql)
    }

    private func errorCounts() throws -> [String: Int] {
        let lines = try ask("SELECT integration, count(*) FROM delivery_error GROUP BY 1")
        return Dictionary(
            uniqueKeysWithValues: lines.split(separator: "\n").map {
                let parts = $0.split(separator: "|")
                return (String(parts[0]), Int(parts[1])!)
            })
    }

    /// Asks everything that speaks of deliveries, and reads the ledger's own receipts.
    private func expectSilence(_ names: [String], besides allowed: [String] = []) throws {
        for words in [["status"], ["status", "--json"], ["connectors"], ["verify"]] {
            let result = try program.start(words).wait()
            expect(result.output + result.errors, "\(words)", besides: allowed)
        }
        for name in names.prefix(4) {
            for words in [["errors", name], ["errors", name, "--json"], ["stats", name]] {
                let result = try program.start(words).wait()
                expect(result.output + result.errors, "\(words)", besides: allowed)
            }
            // Whose profile it is, is what one asks there.
            let parked = try program.run("parked", name)
            let shown = parked.output.replacing(/CANARY-id-\d/, with: "")
            expect(shown + parked.errors, "parked", besides: allowed)
        }
        expect(
            try ask(
                """
                SELECT integration, code, target_code, query, message, hint FROM delivery_error;
                SELECT integration, code, target_code, query, reason, message, hint FROM parked;
                """), "the projections", besides: allowed)
        let receipts = [
            "delivery_recorded", "change_parked", "delivery_started", "grade_recorded",
            "resync_finished",
        ]
        for kind in receipts {
            let log = try program.run("audit", "log", "--type", kind, "--limit", "1000", "--json")
            #expect(log.status == 0, "\(log.errors)")
            expect(log.output + log.errors, kind, besides: allowed)
        }
    }
}
