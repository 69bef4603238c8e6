internal import ArgumentParser
internal import Connector
internal import EventJSON
internal import Glibc
internal import Ledger
internal import OperatorConfiguration
internal import Projection
internal import SegmentModel
internal import StorageIO
internal import Sync

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how far each integration is behind, and why.",
        discussion: """
            The oldest undelivered event leads: a stalled integration fails silently, so its age \
            tells more than counts do. The ETA is what is left over what the last ten minutes \
            with deliveries gave.
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(name: .long, help: "End with 1 where an integration needs somebody, with 0 else.")
    var check = false

    @Option(
        name: .long,
        help: "With --check: seconds that an event may wait before somebody has to look.")
    var maxAge = 900

    struct Line {
        var name: String
        var state: String
        var grade: String
        var lag: Lag
        var ageSeconds: Double?
        /// nil: nothing is left, or it is not known.
        var etaSeconds: Double?
        var parkedCount: Int
        var row: IntegrationRow?
        var resyncs: ResyncLines
        /// Lanes that failed at their last try.
        var failingCount: Int

        /// A lane's last try failed, or nothing went well since the last failure.
        var isFailing: Bool {
            guard let row, let failed = row.lastErrorAt else { return false }
            return row.stop != nil || failingCount > 0
                || row.lastSuccessAt.map { $0 < failed } ?? true
        }

        /// When the last failure was, and whether it is over.
        var lastErrorState: String? {
            guard let row, let time = row.lastErrorAt else { return nil }
            return isFailing
                ? "the last error is of \(time) and goes on"
                : "the last error is of \(time) and over"
        }
    }

    func run() async throws {
        guard maxAge >= 0 else {
            throw Failure(
                .usageInvalid, "--max-age takes a number of seconds", hint: "for example 900")
        }
        let (lines, end) = try await Workspace.with(global.directory, .read) { workspace in
            let lines = try await self.lines(workspace)
            return (lines, workspace.ledger.end)
        }
        if global.json {
            Terminal.printLine(json(lines, end))
        } else {
            printText(lines, end)
        }
        guard check else { return }
        let needs = lines.flatMap { line in
            StatusAttention.reasons(of: line, maxAgeSeconds: Double(maxAge)).map {
                "integration \(line.name) needs somebody: \($0)"
            }
        }
        for need in needs { Terminal.printError("segledger: \(need)") }
        if !needs.isEmpty { throw ReportedFailure(exitCode: 1) }
    }

    private func printText(_ lines: [Line], _ end: Position) {
        var table = TextTable(
            "NAME", "OLDEST UNDELIVERED", "ETA", "STATE", "GRADE", "LAG", "PARKED", "LAST SUCCESS",
            "LAST ERROR")
        for line in lines {
            table.add(
                line.name, line.ageSeconds.map(Self.duration) ?? "-",
                line.etaSeconds.map(Self.duration) ?? "-", line.state, line.grade,
                String(line.lag.eventCount), String(line.parkedCount),
                line.row?.lastSuccessAt?.description ?? "-",
                line.row?.lastErrorMessage ?? "-")
        }
        Terminal.printLine(table.printed())
        for line in lines {
            guard let reason = line.row?.gradeReason else { continue }
            Terminal.printLine("\(line.name) is \(line.grade): \(reason)")
        }
        for line in lines {
            for text in line.resyncs.texts + [line.lastErrorState].compactMap(\.self) {
                Terminal.printLine("\(line.name): \(text)")
            }
        }
        Terminal.printLine("ledger: \(counted(Int(end.rawValue), "event"))")
    }

    private func lines(_ workspace: Workspace) async throws -> [Line] {
        let state = try await workspace.configuration()
        var lines: [Line] = []
        let running = try Self.running(workspace)
        for definition in state.integrations.values.sorted(by: { $0.name < $1.name }) {
            let connector = state.connectors[definition.connector]
            lines.append(try await line(definition, connector, workspace, running))
        }
        return lines
    }

    /// Rebuilds that a process beside this one is carrying out.
    private static func running(_ workspace: Workspace) throws -> [ProgressFile.Content] {
        do throws(StorageError) {
            return try ProgressFile.read(
                directory: workspace.directory, at: workspace.clock.now())
        } catch {
            // Replaced or removed at this moment.
            if error.errno == ENOENT { return [] }
            throw error.failure
        }
    }

    private func line(
        _ definition: IntegrationDefinition, _ connector: ConnectorDefinition?,
        _ workspace: Workspace, _ running: [ProgressFile.Content]
    ) async throws -> Line {
        let name = definition.name
        let now = workspace.clock.now()
        let since = now.advanced(byMicroseconds: -Self.rateMinutes * 60_000_000)
        let (row, segments, lanes, parked, recent, resyncs) = try await workspace.store.read {
            reader in
            (
                try reader.integration(name), try reader.segments(), try reader.lanes(of: name),
                try reader.parkedCount(of: name),
                try reader.statistics(of: name, from: since, to: nil),
                try reader.resyncs(of: name)
            )
        }
        let context = workspace.syncContext
        let lag = try await context.pool.run {
            try Lag.measure(definition, segments: segments, lanes: lanes, in: context)
        }
        let state = Self.state(row, definition)
        let grade =
            row?.grade ?? connector.flatMap { Composition.connectors.find($0.kind)?.form.bestGrade }
        return Line(
            name: name, state: state, grade: grade?.rawValue ?? "unknown", lag: lag,
            ageSeconds: lag.oldestRecordedAt.map {
                max(0, Double(now.rawValue - $0.rawValue) / 1_000_000)
            },
            etaSeconds: state == "active" ? Self.eta(lag, recent, until: now) : nil,
            parkedCount: parked.all, row: row,
            resyncs: ResyncLines(resyncs, lanes, running: running),
            failingCount: lanes.count { $0.failing != nil && !$0.hasLeft })
    }

    /// How far the rate of deliveries looks back.
    private static let rateMinutes: Int64 = 10

    /// From the changes of the minutes that had any.
    private static func eta(_ lag: Lag, _ recent: Statistics, until now: Timestamp) -> Double? {
        let busy = recent.minutes.filter { $0.counts.profiles > 0 }
        guard lag.changeCount > 0, !busy.isEmpty else { return nil }
        let seconds = busy.reduce(0.0) { seconds, minute in
            let elapsed = Double(now.rawValue - minute.start.rawValue) / 1_000_000
            return seconds + min(60, max(1, elapsed))
        }
        let rate = Double(busy.reduce(0) { $0 + $1.counts.profiles }) / seconds
        return Double(lag.changeCount) / rate
    }

    static func state(_ row: IntegrationRow?, _ definition: IntegrationDefinition) -> String {
        if row?.stop != nil { return "stopped" }
        return row?.isActive ?? definition.isActive ?? true ? "active" : "paused"
    }

    static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded(.up))
        if whole < 120 { return "\(whole) s" }
        if whole < 7200 { return "\(whole / 60) min" }
        return whole < 172_800 ? "\(whole / 3600) h" : "\(whole / 86_400) d"
    }

    private func json(_ lines: [Line], _ end: Position) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("events", end.rawValue)
        json.key("integrations")
        json.beginArray()
        for line in lines {
            json.beginObject()
            json.member("name", line.name)
            json.member("oldest_undelivered_age_seconds", line.ageSeconds)
            json.member("eta_seconds", line.etaSeconds)
            json.member("state", line.state)
            json.member("grade", line.grade)
            json.member("grade_reason", line.row?.gradeReason)
            json.member("lag_events", line.lag.eventCount)
            json.member("lag_changes", line.lag.changeCount)
            json.member("parked_changes", line.parkedCount)
            json.member("last_success", line.row?.lastSuccessAt?.description)
            json.member("last_error", line.row?.lastErrorMessage)
            json.member("last_error_at", line.row?.lastErrorAt?.description)
            json.member("failing", line.isFailing)
            json.member("unfilled_segments", line.resyncs.lanes.count(where: \.isBlocked))
            line.resyncs.write(to: &json)
            json.key("pending_resyncs")
            json.beginArray()
            for resync in line.resyncs.pending {
                json.beginObject()
                json.member("request", resync.position.rawValue)
                json.member("segments", resync.remaining.count)
                json.member("requested_at", resync.requestedAt.description)
                json.endObject()
            }
            json.endArray()
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.text
    }
}
