internal import ArgumentParser
internal import Audit
internal import Connector
internal import EventJSON
internal import Foundation
internal import Ledger
internal import OperatorConfiguration
internal import Projection
internal import SegmentModel
internal import StorageIO
internal import Sync

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Tell the whole story on an SQLite target, in under a minute.",
        discussion: "Leaves its data directory in place, so that you can look around in it.")

    @Option(name: .long, help: "A directory for the demo. Default: a new temporary one.")
    var into: String?

    func run() async throws {
        let directory = try makeDirectory()
        try await Demo(directory: directory).tell()
    }

    private func makeDirectory() throws -> String {
        let path =
            into
            ?? FileManager.default.temporaryDirectory
            .appendingPathComponent("segledger-demo-\(UUID().uuidString.prefix(8))").path
        if FileManager.default.fileExists(atPath: path) {
            throw Failure(
                .usageInvalid, "\(path) exists already",
                hint: "name a directory that does not exist yet with --into")
        }
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch {
            throw Failure(
                .storageReadOnly, "\(path) cannot be created", hint: "name another with --into")
        }
        return path
    }
}

/// The story, step by step. Every number that it prints is read back, not assumed.
private struct Demo {
    let directory: String

    private var data: String { directory + "/data" }
    private var target: String { directory + "/crm.db" }
    private let integration = "crm-segments"

    func tell() async throws {
        say("Segledger demo in \(directory)\n")
        try await prepareTarget()
        try await append()
        try await apply()
        try await deliver("3. Delivering: your own SQL, batched, exactly once.")
        try await leaveAndComeBack()
        try await tamperAndResync()
        try await askThePast()
        try await statistics()
        say(
            """

            Next:
              segledger status --data \(data)
              segledger audit segment 1 --data \(data)
              sqlite3 \(target) 'SELECT segId, count(*) FROM mysegment GROUP BY segId'
              The first integration of your own: docs/start/first-integration.md
            """)
    }

    private func say(_ text: String) { Terminal.printLine(text) }

    private var definition: ConnectorDefinition {
        ConnectorDefinition(name: "warehouse", kind: "sqlite", url: target)
    }

    private func onTarget<Result>(
        _ body: (any TargetSession) async throws -> Result
    ) async throws -> Result {
        let connector = try Composition.connectors.makeConnector(definition, secret: nil)
        do {
            let session = try await connector.connect()
            let result = try await body(session)
            await session.close()
            return result
        } catch let failure as TargetFailure {
            throw Failure(.targetRefused, failure.message, hint: failure.hint)
        }
    }

    private func count(_ sql: String) async throws -> Int {
        let rows = try await onTarget { try await $0.query(Array(sql.utf8)) }
        return rows.first?.first.flatMap { $0 }.flatMap { Int($0) } ?? 0
    }

    // MARK: Steps

    private func prepareTarget() async throws {
        say("1. A target: an SQLite file with two tables, as a CRM might have them.")
        let tables = """
            CREATE TABLE mysegment (segId INTEGER, clientId TEXT, updated TEXT,
                PRIMARY KEY (segId, clientId));
            CREATE TABLE segments (segment_id INTEGER PRIMARY KEY, name TEXT, updated TEXT);
            """
        _ = try await onTarget { try await $0.execute(Array(tables.utf8)) }
    }

    private func append() async throws {
        var generator = EventGenerator(
            profileCount: 5000, segmentCount: 6, changeCount: 60_000, seed: 42)
        let result = try await Workspace.with(data, .write) { workspace in
            var parser = EventParser(clock: workspace.clock.now())
            var batch = EventBatch()
            var line = 1
            while let bytes = generator.next() {
                try bytes.dropLast().withUnsafeBytes {
                    try parser.parseLine($0, number: line, into: &batch)
                }
                line += 1
            }
            return try await workspace.ledger.append(batch)
        }
        say(
            "2. \(result.eventCount) events with \(result.changeCount) changes are in the ledger: "
                + "compressed, checksummed, synced.")
    }

    private func apply() async throws {
        let path = directory + "/segledger.yaml"
        let yaml = """
            connectors:
              warehouse: { kind: sqlite, url: "\(target)" }
            integrations:
              \(integration):
                description: Static segments for the call centre
                scope: { database_id: 1, segments: all }
                connector: warehouse
                batch: { size: 1000, timeout: 60s }
                queries:
                  add_profiles: |
                    INSERT INTO mysegment (segId, clientId, updated) VALUES
                    {for $index, $lead = $batch}
                    ({segment_id}, '{$lead.CustomID}', '{event_time}'){autocomma}
                    {end} ON CONFLICT (segId, clientId) DO UPDATE SET updated = excluded.updated
                  remove_profiles: |
                    DELETE FROM mysegment
                    WHERE segId = {segment_id} AND clientId IN ({batch_in "CustomID"})
                  clear_segment: DELETE FROM mysegment WHERE segId = {segment_id}
                  save_segment: |
                    INSERT INTO segments (segment_id, name, updated)
                    VALUES ({segment_id}, '{segment_name}', '{event_time}')
                    ON CONFLICT (segment_id) DO UPDATE
                    SET name = excluded.name, updated = excluded.updated
                  delete_segment: DELETE FROM segments WHERE segment_id = {segment_id}
            """
        do {
            try yaml.write(toFile: path, atomically: true, encoding: .utf8)
        } catch {
            throw Failure(.storageFailed, "\(path) cannot be written", hint: "check the disk")
        }
        let command = try ApplyCommand.parse([path, "--data", data])
        try await command.run()
    }

    private func deliver(_ title: String) async throws {
        say(title)
        let outcomes = try await Workspace.with(data, .write) { workspace in
            let state = try await workspace.configuration()
            var options = SyncEngine.Options()
            options.progress = ProgressLine.show
            return try await workspace.engine().run(
                Array(state.integrations.values), connectors: state.connectors, options: options)
        }
        Terminal.endProgress()
        try OutcomeReport.print(outcomes, json: false)
        try await compare()
    }

    /// The target's rows against the ledger's membership, segment by segment.
    private func compare() async throws {
        let expected = try await Workspace.with(data, .read) { workspace in
            try await workspace.store.read { reader in
                try reader.segments().reduce(0) { $0 + $1.memberCount }
            }
        }
        let rows = try await count("SELECT count(*) FROM mysegment")
        let sign = rows == expected ? "equal" : "NOT EQUAL"
        say("   rows in the target: \(rows), members in the ledger: \(expected): \(sign)")
    }

    private func leaveAndComeBack() async throws {
        let sql = "SELECT count(*) FROM mysegment WHERE segId = 1 AND clientId = 'O''Neil-1'"
        func append(_ kind: EventKind) async throws {
            try await Workspace.with(data, .write) { workspace in
                var batch = EventBatch()
                let fields: [(name: String, value: FieldValue)] =
                    kind == .profilesAdded ? [("CustomID", .text("O'Neil-1"))] : []
                batch.append(kind, segment: SegmentID(1), profiles: [("visitor", fields)])
                _ = try await workspace.ledger.append(batch)
            }
        }
        try await append(.profilesAdded)
        try await deliver("4. A profile named O'Neil-1 enters segment 1 ...")
        say("   its rows: \(try await count(sql))")
        try await append(.profilesRemoved)
        try await deliver("   ... leaves (the event gives only its id) ...")
        say("   its rows: \(try await count(sql))")
        try await append(.profilesAdded)
        try await deliver("   ... and comes back.")
        say("   its rows: \(try await count(sql))")
    }

    private func tamperAndResync() async throws {
        say("5. Somebody tampers with the target: rows deleted, added and altered by hand.")
        let damage = """
            DELETE FROM mysegment WHERE rowid % 7 = 0;
            INSERT INTO mysegment VALUES (1, 'intruder', '2020-01-01');
            UPDATE mysegment SET clientId = clientId || '-x' WHERE rowid % 11 = 0;
            """
        _ = try await onTarget { try await $0.execute(Array(damage.utf8)) }
        try await compare()
        say("   segledger resync \(integration): rebuilt in one transaction")
        let command = try ResyncCommand.parse([integration, "--data", data])
        try await command.run()
        try await compare()
        let strange = try await count(
            "SELECT count(*) FROM mysegment WHERE clientId = 'intruder' OR clientId LIKE '%-x'")
        say("   strange rows left: \(strange)")
    }

    private func askThePast() async throws {
        say("6. Asking the past: who was in segment 1?")
        for moment in ["@200", "@500", "2026-06-30"] {
            let count = try await Workspace.with(data, .read) { workspace in
                let ledger = workspace.ledger
                return try await workspace.pool.run {
                    try LedgerAudit(ledger).memberCount(of: SegmentID(1), at: Moment(moment)!)
                        .count
                }
            }
            say("   segledger audit members 1 --as-of \(moment) --count: \(count)")
        }
    }

    private func statistics() async throws {
        say("7. Statistics, from the receipts in the ledger:")
        let command = try StatsCommand.parse([integration, "--data", data])
        try await command.run()
    }
}
