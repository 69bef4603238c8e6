internal import ArgumentParser
internal import EventJSON
internal import Ledger
internal import OperatorConfiguration
internal import Projection
internal import SegmentModel
internal import Sync

struct ResyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resync",
        abstract: "Rebuild an integration's external tables from the ledger.",
        discussion: """
            Everything happens in one transaction of the target: readers see the old rows or the \
            new ones. Later events wait in the ledger and follow in order. A segment that is \
            refused for good fails alone, and the others are rebuilt.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The integration.")
    var name: String

    @Option(name: .long, help: "Only this segment; may be given several times.")
    var segment: [Int64] = []

    @Flag(name: .long, help: "Give up the rebuilds that were asked for and are not done.")
    var cancel = false

    @OptionGroup var patience: Patience

    /// What became of a request.
    private struct End {
        var outcomes: [IntegrationOutcome]
        var row: ResyncRow?
    }

    func run() async throws {
        try patience.check()
        if cancel { return try await giveUp() }
        let end = try await Workspace.with(global.directory, .write) { workspace in
            var definition = try await workspace.integration(name)
            let state = try await workspace.configuration()
            let engine = try await workspace.engine()
            // A pause stops deliveries, not a rebuild that the operator asks for.
            definition.isActive = true
            let request = try await engine.requestResync(
                definition, segments: segment.map { SegmentID($0) })
            let row = try await workspace.store.read { [name] in try $0.integration(name) }
            // Of a target that another ledger wrote there can be more to do than is known here.
            guard request != nil || row?.stop != nil else { return End(outcomes: []) }
            var options = SyncEngine.Options()
            patience.apply(to: &options)
            let file = ProgressFile(directory: global.directory)
            options.progress = ProgressLine.shower(file)
            options.tell = NoticeLine.teller(isEndReported: true)
            let (settings, integration) = (options, definition)
            let outcome = try await file.removing {
                try await Interruption.run {
                    try await engine.resync(
                        integration, connectors: state.connectors, options: settings)
                }
            }
            return End(
                outcomes: [outcome],
                row: try await workspace.store.read { reader in try request.flatMap(reader.resync) }
            )
        }
        Terminal.endProgress()
        guard let outcome = end.outcomes.first else {
            Terminal.printLine(
                global.json ? "{\"integrations\":[]}" : "\(name): no segment is in the scope")
            return
        }
        try OutcomeReport.print(end.outcomes, json: global.json) { json in
            guard let row = end.row else { return }
            json.member("id", row.position.rawValue)
            json.member("state", row.outcome?.rawValue ?? "pending")
            json.member("segments", outcome.rebuilt.segmentCount)
            json.member("members", outcome.rebuilt.profileCount)
            json.member("rows", outcome.rebuilt.rowCount)
            json.member("statements", outcome.rebuilt.queryCount)
        }
    }

    private func giveUp() async throws {
        guard segment.isEmpty else {
            throw Failure(
                .usageInvalid, "--cancel gives up whole requests, not single segments",
                hint: "segledger resync \(name) --cancel")
        }
        let (cancelled, lanes) = try await Workspace.with(global.directory, .write) { workspace in
            _ = try await workspace.integration(name)
            let cancelled = try await workspace.engine().cancelResyncs(of: name)
            return (cancelled, try await workspace.store.read { try $0.lanes(of: name) })
        }
        if global.json {
            var json = JSONWriter()
            json.beginObject()
            json.key("cancelled")
            json.beginArray()
            for one in cancelled {
                json.beginObject()
                json.member("id", one.position.rawValue)
                json.member("state", "cancelled")
                json.member("segments", one.remaining.count)
                json.endObject()
            }
            json.endArray()
            json.endObject()
            return Terminal.printLine(json.text)
        }
        if cancelled.isEmpty { return Terminal.printLine("\(name): no rebuild is pending") }
        for one in cancelled {
            Terminal.printLine(
                "\(name): the rebuild of \(counted(one.remaining.count, "segment")) that was "
                    + "asked for at \(one.requestedAt) is cancelled")
        }
        if let line = ResyncLines.blocked(lanes) { Terminal.printLine("\(name): \(line)") }
    }
}
