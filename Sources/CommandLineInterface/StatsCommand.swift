internal import ArgumentParser
internal import EventJSON
internal import Ledger
internal import Projection
internal import SegmentModel

/// `--from` and `--to` of a period.
struct PeriodOptions: ParsableArguments {
    @Option(name: .long, help: "From this time on: RFC 3339 or a date.")
    var from: String?

    @Option(name: .long, help: "Up to this time: RFC 3339, or a date (its end, UTC).")
    var to: String?

    func range() throws -> (from: Timestamp?, to: Timestamp?) {
        (try from.map { try Self.time($0, isStart: true) }, try to.map { try Self.time($0) })
    }

    private static func time(_ text: String, isStart: Bool = false) throws -> Timestamp {
        if let time = Timestamp(rfc3339: text) { return time }
        if let end = Timestamp(endOfDay: text) {
            return isStart ? end.advanced(byMicroseconds: -86_400_000_000 + 1) : end
        }
        throw Failure(
            .usageInvalid, "\(text) is not a time",
            hint: "give RFC 3339, for example 2026-03-12T10:00:00Z, or a date")
    }
}

struct StatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Show the successful and failed queries of an integration.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var period: PeriodOptions
    @Argument(help: "The integration.") var name: String

    func run() async throws {
        let range = try period.range()
        let statistics = try await Workspace.with(global.directory, .read) { workspace in
            _ = try await workspace.integration(name)
            let name = name
            return try await workspace.store.read {
                try $0.statistics(of: name, from: range.from, to: range.to)
            }
        }
        let total = statistics.total
        if global.json {
            var json = JSONWriter()
            json.beginObject()
            json.member("integration", name)
            json.member("from", range.from?.description)
            json.member("to", range.to?.description)
            json.member("successful_queries", total.successfulQueries)
            json.member("failed_queries", total.failedQueries)
            json.member("profiles", total.profiles)
            json.member("rows", total.rows)
            json.key("by_query")
            json.beginObject()
            for (kind, count) in statistics.byQuery.sorted(by: { $0.key.rawValue < $1.key.rawValue }
            ) {
                json.key(kind.rawValue)
                json.beginObject()
                json.member("successful_queries", count.successfulQueries)
                json.member("failed_queries", count.failedQueries)
                json.member("profiles", count.profiles)
                json.member("rows", count.rows)
                json.endObject()
            }
            json.endObject()
            json.endObject()
            Terminal.printLine(json.text)
            return
        }
        var table = TextTable("QUERY", "SUCCESSFUL", "FAILED", "PROFILES", "ROWS")
        func add(_ kind: String, _ count: Statistics.Counts) {
            table.add(
                kind, String(count.successfulQueries), String(count.failedQueries),
                String(count.profiles), String(count.rows))
        }
        for (kind, count) in statistics.byQuery.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            add(kind.rawValue, count)
        }
        add("all", total)
        Terminal.printLine(table.printed())
        if Terminal.isOutputTerminal, let chart = StatisticsChart(statistics) {
            Terminal.printLine("\n" + chart.printed())
        }
    }
}

struct ErrorsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "errors", abstract: "Show what went wrong with an integration, newest first.")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The integration.") var name: String
    @Option(name: .long, help: "How many at most.") var limit = 50

    func run() async throws {
        let errors = try await Workspace.with(global.directory, .read) { workspace in
            _ = try await workspace.integration(name)
            let (name, limit) = (name, limit)
            return try await workspace.store.read { try $0.deliveryErrors(of: name, limit: limit) }
        }
        if global.json {
            var json = JSONWriter()
            json.beginObject()
            json.key("errors")
            json.beginArray()
            for error in errors {
                json.beginObject()
                json.member("position", error.position.rawValue)
                json.member("time", error.time.description)
                json.member("query", error.query?.rawValue)
                json.member("segment_id", error.lane.segment.rawValue)
                json.member("first_position", error.firstPosition.rawValue)
                json.member("last_position", error.lastPosition.rawValue)
                json.member("attempt", error.attempt)
                json.member("code", error.code)
                json.member("target_code", error.targetCode)
                json.member("message", error.message)
                json.member("hint", error.hint.map { ErrorReport.hint($0, for: name) })
                json.endObject()
            }
            json.endArray()
            json.endObject()
            Terminal.printLine(json.text)
            return
        }
        guard !errors.isEmpty else {
            Terminal.printLine("no errors")
            return
        }
        var table = TextTable("TIME", "SEGMENT", "QUERY", "POSITIONS", "TRY", "CODE", "MESSAGE")
        for error in errors {
            table.add(
                error.time.description, error.lane.segment.description,
                error.query?.rawValue ?? "-",
                "\(error.firstPosition)-\(error.lastPosition)", String(error.attempt),
                error.targetCode ?? error.code ?? "-", error.message ?? "-")
        }
        Terminal.printLine(table.printed())
        // Not every column has room for it: the newest error's, which is the first.
        if let hint = errors.first?.hint {
            Terminal.printLine("hint: \(ErrorReport.hint(hint, for: name))")
        }
    }
}
