internal import ArgumentParser
internal import Connector
internal import EventJSON
internal import Ledger
internal import Projection
internal import QueryLab
internal import SQLTemplate
internal import SegmentModel

struct TemplateLabCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab",
        abstract: "Try an integration's queries on its real database, and take everything back.",
        discussion: """
            Each query runs twice, split, in another order and with hostile values, for a segment \
            that the database has no row of; every transaction is rolled back. Locks are held for \
            a moment, and numbers that the database gives out by itself are used up. The exit code \
            is 1 if a query is unsafe.
            """)

    @OptionGroup var global: GlobalOptions

    @Option(name: .long, help: "The integration.")
    var integration: String

    @Option(name: .long, help: "Another connector than the integration's own, of the same kind.")
    var connector: String?

    func run() async throws {
        let (queries, catalog, profiles, maker) = try await Workspace.with(
            global.directory, .read
        ) {
            workspace in
            let definition = try await workspace.integration(integration)
            let connector = try await workspace.connector(connector ?? definition.connector)
            let profiles = try await samples(workspace, definition)
            let factory = try Composition.connectors.factory(of: connector.kind)
            let queries = try CompiledQueries(
                definition, connector, factory.dialect(for: connector.sqlSettings))
            return (
                queries, factory.catalog(for: connector.sqlSettings), profiles,
                try await workspace.connectorMaker()
            )
        }
        let session = try await LiveTarget.connect(queries.connector, maker)
        let grades: [LabGrade]
        do {
            let lab = try await TemplateLab(queries, session, catalog, profiles: profiles)
            grades = try await Interruption.run { try await lab.grades() }
        } catch let failure as TargetFailure {
            await session.close()
            throw LiveTarget.failure(failure, queries.connector)
        } catch {
            await session.close()
            throw error
        }
        await session.close()
        if global.json { printJSON(grades) } else { printText(grades) }
        if grades.contains(where: \.isUnsafe) {
            throw ReportedFailure(exitCode: 1)
        }
    }

    /// Some members of the first segment in the scope that has any, for the types of their fields.
    private func samples(
        _ workspace: Workspace, _ definition: IntegrationDefinition
    ) async throws -> [SampleProfile] {
        let rows = try await workspace.store.read { try $0.segments() }
        let segment = rows.first { row in
            row.memberCount > 0
                && definition.scope.contains(
                    row.id,
                    SegmentDescription(
                        databaseID: row.databaseID, tags: row.tags, groups: row.groups))
        }
        guard let segment else { return [] }
        return try await TemplatePreview.members(
            of: segment.id, limit: 10, integration: definition.name, ledger: workspace.ledger,
            store: workspace.store
        ).profiles
    }

    private func printText(_ grades: [LabGrade]) {
        var table = TextTable("QUERY", "WORKS", "REPEAT-SAFE", "ORDER-SAFE", "VALUE-SAFE")
        for grade in grades {
            table.add(
                grade.query.rawValue, grade.works.word, grade.isRepeatSafe.word,
                grade.isOrderSafe.word, grade.isValueSafe.word)
        }
        Terminal.printLine(table.printed())
        for grade in grades {
            for (name, verdict) in Self.named(grade) {
                guard let reason = verdict.reason else { continue }
                Terminal.printLine("\(grade.query.rawValue), \(name): \(reason)")
            }
            for note in grade.notes { Terminal.printLine("\(grade.query.rawValue): \(note)") }
        }
        Terminal.printLine("Nothing of it stays in the database.")
    }

    private static func named(_ grade: LabGrade) -> [(String, LabGrade.Verdict)] {
        [
            ("works", grade.works), ("repeat-safe", grade.isRepeatSafe),
            ("order-safe", grade.isOrderSafe), ("value-safe", grade.isValueSafe),
        ]
    }

    private func printJSON(_ grades: [LabGrade]) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("integration", integration)
        writer.key("queries")
        writer.beginArray()
        for grade in grades {
            writer.beginObject()
            writer.member("query", grade.query.rawValue)
            for (name, verdict) in Self.named(grade) {
                let key = name.replacing("-", with: "_")
                writer.member(key, Self.word(verdict))
                writer.member(key + "_reason", verdict.reason)
            }
            writer.member("notes", grade.notes)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        Terminal.printLine(writer.text)
    }

    private static func word(_ verdict: LabGrade.Verdict) -> String {
        switch verdict {
        case .safe: "yes"
        case .unsafe: "no"
        case .unknown: "unknown"
        case .notApplicable: "not_applicable"
        }
    }
}
