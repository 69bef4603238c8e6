internal import ArgumentParser
internal import Connector
internal import EventJSON
internal import Ledger
internal import OperatorConfiguration
internal import Projection
internal import QueryLab
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
        let text = try ConfigurationFindings.text(of: file)
        let (change, findings, active) = try await Workspace.with(
            global.directory, .write
        ) { workspace in
            let (change, findings) = try await parse(text, workspace)
            let before = try await Self.activity(of: change, workspace)
            let connectors = try await append(change, to: workspace).connectors
            return (
                change,
                findings.adding(
                    QueryCheck.pairs(change, connectors)
                        + (try await Self.coverage(change, connectors, workspace))),
                (before: before, after: try await Self.activity(of: change, workspace))
            )
        }
        findings.printText(notes: false)
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
                let word = definition == nil ? "removed" : "applied"
                let state = Self.activityText(active.before[name], active.after[name])
                Terminal.printLine("integration \(name) \(word)\(state)")
            }
        }
    }

    /// Which of the integrations that a file names deliver.
    private static func activity(
        of change: ConfigurationChange, _ workspace: Workspace
    ) async throws -> [String: Bool] {
        try await workspace.projector.foldToEnd()
        let names = change.integrations.map(\.name)
        return try await workspace.store.read { reader in
            var active: [String: Bool] = [:]
            for name in names { active[name] = try reader.integration(name)?.isActive }
            return active
        }
    }

    private static func activityText(_ before: Bool?, _ after: Bool?) -> String {
        switch (before, after) {
        case (_, false?):
            before == false ? "; it stays paused" : "; it is paused"
        case (false?, true?): "; it is resumed"
        default: ""
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

    private func parse(
        _ text: String, _ workspace: Workspace
    ) async throws -> (ConfigurationChange, ConfigurationFindings) {
        let existing = try await workspace.configuration()
        let report = ConfigurationFile.read(
            text, existingConnectors: existing.connectors,
            forms: Composition.connectors.forms, checkQuery: QueryCheck.diagnostics)
        let more = report.change.map(existing.faults) ?? []
        let findings = ConfigurationFindings(file: file, findings: report.findings + more)
        guard let change = report.change, more.isEmpty else {
            findings.printText(notes: false)
            Terminal.printError("segledger: nothing was applied")
            throw ReportedFailure(exitCode: ErrorReport.exitCode(.configurationInvalid))
        }
        return (change, findings)
    }

    /// Members that are looked at for the fields that queries read: `template check` looks at all.
    private static let lookedMemberCountMax = 100_000

    /// How many members in the scope of each integration have the fields that its queries read.
    private static func coverage(
        _ change: ConfigurationChange, _ connectors: [String: ConnectorDefinition],
        _ workspace: Workspace
    ) async throws -> [ConfigurationFault] {
        var found: [ConfigurationFault] = []
        for case (let name, let definition?) in change.integrations {
            guard let connector = connectors[definition.connector] else { continue }
            let queries = try CompiledQueries(
                definition, connector, try Composition.connectors.dialect(connector.sqlRules))
            let coverage = try await FieldCoverage.read(
                Set(queries.templates.values.flatMap(\.fieldKeys)), in: definition.scope,
                limit: lookedMemberCountMax, ledger: workspace.ledger, store: workspace.store)
            for query in QueryKind.allCases {
                guard let template = queries.templates[query],
                    let source = definition.queries[query]
                else { continue }
                let path = "integrations.\(name).queries.\(query.rawValue)"
                found += coverage.diagnostics(template, source: source).map {
                    ConfigurationFault($0, path: path, source: source)
                }
            }
        }
        return found
    }
}
