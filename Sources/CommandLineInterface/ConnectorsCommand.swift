internal import ArgumentParser
internal import Connector
internal import EventJSON
internal import Ledger
internal import OperatorConfiguration
internal import SegmentModel

struct ConnectorsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connectors",
        abstract: "List the connectors, and print what a database needs.",
        subcommands: [List.self, CursorTable.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the connectors.")

        @OptionGroup var global: GlobalOptions

        func run() async throws {
            let connectors = try await ConnectorsCommand.state(global).connectors.values
                .sorted { $0.name < $1.name }
            if global.json {
                Terminal.printLine(json(connectors))
                return
            }
            var table = TextTable("NAME", "KIND", "URL")
            for one in connectors { table.add(one.name, one.kind.rawValue, one.url) }
            Terminal.printLine(table.printed())
        }

        private func json(_ connectors: [ConnectorDefinition]) -> String {
            var json = JSONWriter()
            json.beginObject()
            json.key("connectors")
            json.beginArray()
            for one in connectors {
                json.beginObject()
                json.member("name", one.name)
                json.member("kind", one.kind.rawValue)
                json.member("url", one.url)
                json.endObject()
            }
            json.endArray()
            json.endObject()
            return json.text
        }
    }

    struct CursorTable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sql",
            abstract: "Print the SQL that creates segledger_cursor in a connector's database.",
            discussion: """
                Segledger creates the table itself where it may. Where it may not, a DBA runs this \
                once and grants Segledger's user SELECT, INSERT and UPDATE on it; without the \
                table deliveries are at-least-once.
                """)

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The connector.") var name: String

        func run() async throws {
            let connectors = try await ConnectorsCommand.state(global).connectors
            guard let connector = connectors[name] else {
                let near = nearestName(to: name, in: connectors.keys.sorted())
                throw Failure(
                    .notFound, "there is no connector \(name)",
                    hint: near.map { "did you mean \($0)?" }
                        ?? "see 'segledger connectors'")
            }
            let sql = try Composition.connectors.factory(of: connector.kind).cursorTableSQL
            guard global.json else {
                Terminal.printBytes(Array(sql.utf8))
                return
            }
            var json = JSONWriter()
            json.beginObject()
            json.member("name", name)
            json.member("kind", connector.kind.rawValue)
            json.member("sql", sql)
            json.endObject()
            Terminal.printLine(json.text)
        }
    }

    private static func state(_ global: GlobalOptions) async throws -> ConfigurationState {
        try await Workspace.with(global.directory, .read) { try await $0.configuration() }
    }
}
