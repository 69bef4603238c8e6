internal import ArgumentParser
internal import Connector
internal import EventJSON
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
        /// Rebuilds that are asked for and not done.
        var resyncs: [ResyncRow]
    }

    func run() async throws {
        let (lines, end) = try await Workspace.with(global.directory, .read) { workspace in
            let lines = try await self.lines(workspace)
            return (lines, workspace.ledger.end)
        }
        if global.json {
            Terminal.printLine(json(lines, end))
            return
        }
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
            for resync in line.resyncs {
                Terminal.printLine(
                    "\(line.name): a rebuild of "
                        + "\(counted(resync.request.segments.count, "segment")) is pending since "
                        + "\(resync.requestedAt); 'segledger sync' carries it out")
            }
        }
        Terminal.printLine("ledger: \(counted(Int(end.rawValue), "event"))")
    }

    private func lines(_ workspace: Workspace) async throws -> [Line] {
        let state = try await workspace.configuration()
        let context = SyncContext(
            ledger: workspace.ledger, store: workspace.store, pool: workspace.pool,
            clock: workspace.clock)
        var lines: [Line] = []
        for definition in state.integrations.values.sorted(by: { $0.name < $1.name }) {
            let connector = state.connectors[definition.connector]
            lines.append(try await line(definition, connector, context))
        }
        return lines
    }

    private func line(
        _ definition: IntegrationDefinition, _ connector: ConnectorDefinition?,
        _ context: SyncContext
    ) async throws -> Line {
        let name = definition.name
        let now = context.clock.now()
        let since = now.advanced(byMicroseconds: -Self.rateMinutes * 60_000_000)
        let (row, segments, lanes, parked, recent, resyncs) = try await context.store.read {
            reader in
            (
                try reader.integration(name), try reader.segments(), try reader.lanes(of: name),
                try reader.parkedCount(of: name),
                try reader.statistics(of: name, from: since, to: nil),
                try reader.resyncs(of: name).filter { $0.outcome == nil }
            )
        }
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
            parkedCount: parked.all, row: row, resyncs: resyncs)
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

    private static func duration(_ seconds: Double) -> String {
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
            json.key("pending_resyncs")
            json.beginArray()
            for resync in line.resyncs {
                json.beginObject()
                json.member("request", resync.position.rawValue)
                json.member("segments", resync.request.segments.count)
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
