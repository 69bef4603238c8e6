internal import ArgumentParser
internal import EventJSON
internal import Ledger
internal import OperatorConfiguration
internal import SegmentModel
internal import Sync

struct ResyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resync",
        abstract: "Rebuild an integration's external tables from the ledger.",
        discussion: """
            Everything happens in one transaction of the target: readers see the old rows or the \
            new ones. Later events wait in the ledger and follow in order.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The integration.")
    var name: String

    @Option(name: .long, help: "Only this segment; may be given several times.")
    var segment: [Int64] = []

    @OptionGroup var patience: Patience

    func run() async throws {
        try patience.check()
        let outcomes = try await Workspace.with(global.directory, .write) { workspace in
            var definition = try await workspace.integration(name)
            let state = try await workspace.configuration()
            let engine = try await workspace.engine()
            // A pause stops deliveries, not a rebuild that the operator asks for.
            definition.isActive = true
            let request = try await engine.requestResync(
                definition, segments: segment.map { SegmentID($0) })
            guard request != nil else { return [IntegrationOutcome]() }
            var options = SyncEngine.Options()
            patience.apply(to: &options)
            options.progress = ProgressLine.show
            options.tell = NoticeLine.teller(isEndReported: true)
            let (settings, integration) = (options, definition)
            return try await Interruption.run {
                [
                    try await engine.resync(
                        integration, connectors: state.connectors, options: settings)
                ]
            }
        }
        Terminal.endProgress()
        if outcomes.isEmpty {
            Terminal.printLine(
                global.json ? "{\"integrations\":[]}" : "\(name): no segment is in the scope")
            return
        }
        try OutcomeReport.print(outcomes, json: global.json)
    }
}
