internal import ArgumentParser
internal import Connector
internal import EventJSON
internal import Foundation
internal import Ledger
internal import OperatorConfiguration
internal import Projection
internal import SQLTemplate
internal import SegmentModel
internal import StorageIO

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Apply a configuration file: connectors and integrations.",
        discussion: """
            Objects in the file are created or replaced; others stay as they are; an object given \
            as null is removed. A file with any fault changes nothing.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The configuration, in YAML.")
    var file: String

    func run() async throws {
        let input = try InputFile(file)
        defer { input.close() }
        // One byte more than a configuration may have is enough to refuse it.
        let bytes = try input.readAll(limit: Limits.configurationByteCountMax)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(
                .configurationInvalid, "\(file): the file is not UTF-8", hint: "save it as UTF-8")
        }
        let (change, warnings) = try await Workspace.with(global.directory, .write) { workspace in
            let change = try await parse(text, workspace)
            let connectors = try await append(change, to: workspace).connectors
            return (change, QueryCheck.warnings(change, connectors))
        }
        for (place, warning) in warnings {
            Terminal.printError("segledger: warning: \(place): \(warning.message)")
            if let hint = warning.hint { Terminal.printError("hint: \(hint)") }
        }
        if global.json {
            var json = JSONWriter()
            json.beginObject()
            json.member("connectors", change.connectors.map(\.name))
            json.member("integrations", change.integrations.map(\.name))
            json.endObject()
            Terminal.printLine(json.text)
        } else {
            for (name, definition) in change.connectors {
                Terminal.printLine("connector \(name) \(definition == nil ? "removed" : "applied")")
            }
            for (name, definition) in change.integrations {
                Terminal.printLine(
                    "integration \(name) \(definition == nil ? "removed" : "applied")")
            }
        }
    }

    /// Appends the change, with its passwords; returns the configuration after it.
    ///
    /// A password is in its file before the event that needs it is durable, and one that nothing
    /// uses any more goes after: whatever fails between, the ledger says which one holds.
    private func append(
        _ change: ConfigurationChange, to workspace: Workspace
    ) async throws -> ConfigurationState {
        let secrets = SecretFile(directory: workspace.directory)
        let before = try await workspace.configuration().storedSecretUses
        let end = workspace.ledger.end
        try await workspace.pool.run {
            try secrets.add(change.storedSecrets, from: end, uses: before)
        }
        var batch = EventBatch()
        batch.append(.configurationApplied, body: change.encode())
        _ = try await workspace.ledger.append(batch)
        try await workspace.projector.foldToEnd()
        let state = try await workspace.configuration()
        let after = state.storedSecretUses
        do {
            try await workspace.pool.run { try secrets.removeUnused(after) }
        } catch let failure as Failure {
            throw Failure(
                failure.code,
                "the configuration is applied, but passwords that it no longer uses are still in "
                    + "the data directory: \(failure.message)",
                hint: "mend that, and apply the file again")
        }
        return state
    }

    private func parse(_ text: String, _ workspace: Workspace) async throws -> ConfigurationChange {
        let existing = try await workspace.configuration()
        do {
            let change = try ConfigurationFile.parse(
                text, existingConnectors: existing.connectors,
                forms: Composition.connectors.forms, checkQuery: QueryCheck.faults)
            let more = existing.faults(applying: change)
            guard more.isEmpty else { throw ConfigurationFaults(more) }
            return change
        } catch let faults as ConfigurationFaults {
            for fault in faults.faults {
                Terminal.printError("segledger: \(file): \(fault)")
                if let hint = fault.hint { Terminal.printError("hint: \(hint)") }
            }
            Terminal.printError("segledger: nothing was applied")
            throw ReportedFailure(exitCode: ErrorReport.exitCode(.configurationInvalid))
        }
    }
}
