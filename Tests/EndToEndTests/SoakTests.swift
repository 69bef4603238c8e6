import Foundation
import ServerTesting
import Testing

/// Many integrations side by side for long: what `make test` has of a busy week.
@Suite(.serialized) struct SoakTests {
    private static let integrationCount = 10
    private static let segmentCount = 200
    private static let changeCount = 2_000_000

    private let scratch: TemporaryDirectory
    private let program: Program

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
    }

    private struct Table {
        let name: String
        let kind: String
        let path: String
        let url: String

        func run(_ sql: String) throws -> String {
            switch kind {
            case "sqlite": try sqlite(path, sql)
            case "mysql": try MariaDBServer.shared.get().run(sql, url: path)
            default: try PostgresServer.shared.get().run(sql, url: path)
            }
        }
    }

    /// Targets of three kinds, each for every tenth segment; the first is reached through `proxy`.
    private func tables(_ proxy: TCPProxy) throws -> [Table] {
        try (0..<Self.integrationCount).map { number in
            let kind = ["postgresql", "mysql", "sqlite"][number % 3]
            let path: String
            switch kind {
            case "sqlite": path = scratch.path("target-\(number).db")
            case "mysql": path = try MariaDBServer.shared.get().makeDatabase()
            default: path = try PostgresServer.shared.get().makeDatabase()
            }
            let port = try PostgresServer.shared.get().port
            let url = number == 0 ? path.replacing(":\(port)/", with: ":\(proxy.port)/") : path
            let table = Table(name: "i\(number)", kind: kind, path: path, url: url)
            _ = try table.run(Configurations.keylessTable)
            return table
        }
    }

    private func configuration(_ tables: [Table]) -> String {
        let connectors = tables.map { "  \($0.name): { kind: \($0.kind), url: \"\($0.url)\" }" }
        let integrations = tables.enumerated().map { number, table in
            let segments = (1...Self.segmentCount).filter { $0 % Self.integrationCount == number }
            return """
                  \(table.name):
                    scope: { database_id: 1, segments: { ids: \(segments) } }
                    connector: \(table.name)
                    start: beginning
                    batch: { size: 1000, timeout: 60s }
                    queries:
                      add_profiles: |
                        INSERT INTO journal (segId, clientId, sign) VALUES
                        {for $lead = $batch}({segment_id}, '{$lead.id}', 1){autocomma}{end}
                      remove_profiles: |
                        INSERT INTO journal (segId, clientId, sign) VALUES
                        {for $lead = $batch}({segment_id}, '{$lead.id}', -1){autocomma}{end}
                      clear_segment: INSERT INTO journal VALUES ({segment_id}, 'clear', 0)
                """
        }
        return "connectors:\n" + connectors.joined(separator: "\n") + "\nintegrations:\n"
            + integrations.joined(separator: "\n")
    }

    /// Resident memory of a process, in MiB.
    private func residentSize(_ running: Program.Running) -> Int {
        let path = "/proc/\(running.processIdentifier)/statm"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return 0 }
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4 / 1024
    }

    @Test(
        "INV-6: ten integrations, two million changes, one target that fails: all once, memory flat"
    )
    func soak() throws {
        var random = SeededGenerator()
        let place: Comment = "seed \(SeededGenerator.seed)"
        let proxy = try TCPProxy(to: try PostgresServer.shared.get().port)
        defer { proxy.stop() }
        let tables = try tables(proxy)
        try program.apply(configuration(tables))
        let events = try program.run(
            "generate", "--profiles", "50000", "--segments", "\(Self.segmentCount)", "--changes",
            "\(Self.changeCount)", "--seed", "7")
        let appended = try program.run("append", "--json", input: Data(events.output.utf8))
        #expect(appended.status == 0, "\(appended.errors)")
        let sync = try program.start(["sync", "--until-idle", "--give-up-after", "60"])
        var sizes: [Int] = []
        var cutCount = 0
        while sync.isRunning {
            sizes.append(residentSize(sync))
            guard proxy.forgetCut() == false, cutCount < 20 else { continue }
            cutCount += 1
            proxy.cut(
                TCPProxy.Side.allCases.randomElement(using: &random)!,
                after: Int.random(in: 0..<2_000_000, using: &random))
        }
        let result = try sync.wait()
        #expect(result.status == 0, "\(result.errors)")
        var total = 0
        for table in tables {
            let stats = try program.run("stats", table.name, "--json").json
            let delivered = try #require(stats["profiles"] as? Int)
            let found = try table.run("SELECT count(*) FROM journal WHERE sign <> 0")
            #expect(found == "\(delivered)", place)
            let queries = try table.run("SELECT sum(queries) FROM segledger_cursor")
            #expect(stats["successful_queries"] as? Int == Int(queries), place)
            total += delivered
        }
        let status = try program.run("status", "--json").json
        let integrations = try #require(status["integrations"] as? [[String: Any]])
        #expect(integrations.allSatisfy { $0["lag_events"] as? Int == 0 })
        #expect(total == (try appended.json["changes"] as? Int))
        let half = sizes.count / 2
        let (early, late) = (sizes[..<half].max() ?? 0, sizes[half...].max() ?? 0)
        #expect(late <= early * 5 / 4 + 32, "\(early) MiB, then \(late) MiB")
    }
}
