internal import ArgumentParser
internal import EventJSON
internal import Foundation
internal import Ledger
internal import OperatorConfiguration
internal import SegmentModel
internal import Sync

struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Deliver what is due to the targets.",
        discussion: """
            Without --until-idle it runs until it is interrupted. With it, everything is sent, due \
            or not; exit code 5 says that work remains. --give-up-after counts then only.
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(name: .long, help: "Send everything, due or not, and exit.")
    var untilIdle = false

    @OptionGroup var patience: Patience

    func run() async throws {
        try patience.check()
        let outcomes: [IntegrationOutcome]
        do {
            outcomes = try await deliver()
        } catch let failure as Failure where failure.code == .interrupted && !untilIdle {
            // As it was meant to end.
            Terminal.endProgress()
            Terminal.printError("segledger: sync ended; what was acknowledged is safe")
            return
        }
        Terminal.endProgress()
        try OutcomeReport.print(outcomes, json: global.json)
    }

    private func deliver() async throws -> [IntegrationOutcome] {
        try await Workspace.with(global.directory, .write) { workspace in
            let state = try await workspace.configuration()
            var options = SyncEngine.Options()
            options.isUntilIdle = untilIdle
            patience.apply(to: &options)
            let file = ProgressFile(directory: global.directory)
            options.progress = ProgressLine.shower(file)
            options.tell = NoticeLine.teller(isEndReported: untilIdle)
            let (engine, settings) = (try await workspace.engine(), options)
            return try await file.removing {
                try await Interruption.run {
                    try await engine.run(
                        Array(state.integrations.values), connectors: state.connectors,
                        options: settings)
                }
            }
        }
    }
}

/// The progress line of delivery and resync.
enum ProgressLine {
    @Sendable static func show(_ progress: SyncProgress) {
        Terminal.showProgress("\(progress.integration): \(text(progress))")
    }

    /// - Parameter file: told of rebuilds, too.
    static func shower(_ file: ProgressFile) -> @Sendable (SyncProgress) -> Void {
        { progress in
            file.note(progress)
            show(progress)
        }
    }

    static func text(_ progress: SyncProgress) -> String {
        switch progress.activity {
        case .delivery: return "\(progress.done) changes delivered"
        case .resync:
            let total = progress.total.map { " of \($0)" } ?? ""
            let eta = progress.etaSeconds.map { ", \(StatusCommand.duration($0)) left" } ?? ""
            let segments = counted(progress.segments.total, "segment")
            let rows = counted(progress.rowCount, "row")
            return "\(progress.done)\(total) profiles rebuilt, \(rows), "
                + "\(progress.segments.done) of \(segments)\(eta)"
        }
    }
}

/// Prints how integrations ended; throws if work remains.
enum OutcomeReport {
    /// - Parameter more: members that stand before those of the integrations.
    static func print(
        _ outcomes: [IntegrationOutcome], json: Bool, more: (inout JSONWriter) -> Void = { _ in }
    ) throws {
        var remains = false
        var writer = JSONWriter()
        writer.beginObject()
        more(&writer)
        writer.key("integrations")
        writer.beginArray()
        for outcome in outcomes {
            let (word, failure) = describe(outcome.state)
            remains =
                remains || failure != nil || outcome.parkedChangeCount > 0
                || outcome.hasUndelivered
            writer.beginObject()
            writer.member("name", outcome.name)
            writer.member("outcome", word)
            writer.member("delivered_changes", outcome.deliveredProfileCount)
            writer.member("parked_changes", outcome.parkedChangeCount)
            writer.member("error", failure?.message)
            writer.endObject()
            if !json {
                let parked =
                    outcome.parkedChangeCount == 0
                    ? "" : ", \(counted(outcome.parkedChangeCount, "change")) parked"
                Terminal.printLine(
                    "\(outcome.name): \(word), \(outcome.deliveredProfileCount) changes delivered"
                        + parked)
            }
        }
        writer.endArray()
        writer.endObject()
        if json { Terminal.printLine(writer.text) }
        for outcome in outcomes {
            guard let failure = describe(outcome.state).1 else { continue }
            let integration = "integration \(outcome.name)"
            let isPlaced = failure.message.hasPrefix(integration)
            let prefix = integration + NoticeLine.text(outcome.place)
            ErrorReport.print(
                Failure(
                    failure.code, isPlaced ? failure.message : "\(prefix): \(failure.message)",
                    hint: failure.hint.map { ErrorReport.hint($0, for: outcome.name) }))
        }
        for outcome in outcomes where outcome.parkedChangeCount > 0 {
            ErrorReport.print(
                Failure(
                    .workRemains,
                    "integration \(outcome.name): \(counted(outcome.parkedChangeCount, "change")) "
                        + "parked",
                    hint: "see 'segledger parked \(outcome.name)'"))
        }
        for outcome in outcomes where outcome.hasUndelivered {
            ErrorReport.print(
                Failure(
                    .workRemains,
                    "integration \(outcome.name) is paused, and events wait for it",
                    hint: "segledger integrations resume \(outcome.name)"))
        }
        if remains { throw ReportedFailure(exitCode: ErrorReport.exitCode(.workRemains)) }
    }

    private static func describe(_ state: IntegrationOutcome.State) -> (String, Failure?) {
        switch state {
        case .done: ("done", nil)
        case .paused: ("paused", nil)
        case .stopped(let failure): ("stopped", failure)
        case .failed(let failure): ("failed", failure)
        case .unreached(let failure): ("unreached", failure)
        }
    }
}
