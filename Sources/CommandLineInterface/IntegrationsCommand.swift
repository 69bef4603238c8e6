internal import ArgumentParser
internal import EventJSON
internal import Ledger
internal import OperatorConfiguration
internal import Projection
internal import SegmentModel

struct IntegrationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "integrations", abstract: "List, pause, resume and adopt integrations.",
        subcommands: [List.self, Pause.self, Resume.self, Adopt.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the integrations.")

        @OptionGroup var global: GlobalOptions

        func run() async throws {
            let (state, rows) = try await Workspace.with(global.directory, .read) { workspace in
                (
                    try await workspace.configuration(),
                    try await workspace.store.read { try $0.integrations() }
                )
            }
            let states = Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0) })
            let all = state.integrations.values.sorted { $0.name < $1.name }
            if global.json {
                var json = JSONWriter()
                json.beginObject()
                json.key("integrations")
                json.beginArray()
                for one in all {
                    json.beginObject()
                    json.member("name", one.name)
                    json.member("description", one.description)
                    json.member("connector", one.connector)
                    json.member("state", StatusCommand.state(states[one.name], one))
                    json.endObject()
                }
                json.endArray()
                json.endObject()
                Terminal.printLine(json.text)
                return
            }
            var table = TextTable("NAME", "STATE", "CONNECTOR", "DESCRIPTION")
            for one in all {
                table.add(
                    one.name, StatusCommand.state(states[one.name], one), one.connector,
                    one.description)
            }
            Terminal.printLine(table.printed())
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stop sending; the cursors stay where they are.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The integration.") var name: String

        func run() async throws {
            try await IntegrationsCommand.record(.integrationPaused, name, global)
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Go on after a pause, or after a stop whose reason was mended.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The integration.") var name: String

        @Option(
            name: .long,
            help: "Accept that deliveries guarantee only this: effectively-once or at-least-once.")
        var acceptGrade: String?

        func run() async throws {
            let grade = try acceptGrade.map { text in
                guard let grade = DeliveryGrade(rawValue: text) else {
                    throw Failure(
                        .usageInvalid, "there is no grade \(text)",
                        hint: "grades are "
                            + DeliveryGrade.allCases.map(\.rawValue).joined(separator: ", "))
                }
                return grade
            }
            try await IntegrationsCommand.record(.integrationResumed, name, global, grade)
        }
    }

    private static func record(
        _ kind: EventKind, _ name: String, _ global: GlobalOptions, _ grade: DeliveryGrade? = nil
    ) async throws {
        try await Workspace.with(global.directory, .write) { workspace in
            _ = try await workspace.integration(name)
            var batch = EventBatch()
            if let grade {
                let record = GradeRecord(
                    integration: name, grade: grade, reason: "accepted by the operator")
                batch.append(.gradeRecorded, body: record.encode())
            }
            batch.append(kind, body: IntegrationReference(integration: name).encode())
            _ = try await workspace.ledger.append(batch)
            try await workspace.projector.foldToEnd()
        }
        let isPause = kind == .integrationPaused
        guard global.json else {
            Terminal.printLine("integration \(name) \(isPause ? "paused" : "resumed")")
            return
        }
        var json = JSONWriter()
        json.beginObject()
        json.member("name", name)
        json.member("state", isPause ? "paused" : "active")
        json.endObject()
        Terminal.printLine(json.text)
    }
}
