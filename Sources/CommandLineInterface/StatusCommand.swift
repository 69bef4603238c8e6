internal import ArgumentParser
internal import Configuration
internal import EventJSON
internal import Ledger
internal import Projection
internal import SegmentModel
internal import StorageIO
internal import Sync

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how far each integration is behind, and why.")

    @OptionGroup var global: GlobalOptions

    struct Line {
        var name: String
        var state: String
        var grade: String
        var lag: Lag
        var ageSeconds: Double?
        var row: IntegrationRow?
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
            "NAME", "OLDEST UNDELIVERED", "LAG", "STATE", "GRADE", "LAST SUCCESS", "LAST ERROR")
        for line in lines {
            table.add(
                line.name, line.ageSeconds.map(Self.duration) ?? "-",
                String(line.lag.eventCount), line.state, line.grade,
                line.row?.lastSuccessAt?.description ?? "-",
                line.row?.lastErrorMessage ?? "-")
        }
        Terminal.printLine(table.printed())
        Terminal.printLine("ledger: \(counted(Int(end.rawValue), "event"))")
    }

    private func lines(_ workspace: Workspace) async throws -> [Line] {
        let state = try await workspace.configuration()
        let now = workspace.clock.now()
        let context = SyncContext(
            ledger: workspace.ledger, store: workspace.store, pool: workspace.pool,
            clock: workspace.clock)
        var lines: [Line] = []
        for definition in state.integrations.values.sorted(by: { $0.name < $1.name }) {
            let name = definition.name
            let (row, segments, lanes) = try await workspace.store.read { reader in
                (try reader.integration(name), try reader.segments(), try reader.lanes(of: name))
            }
            let lag = try await workspace.pool.run {
                try Lag.measure(definition, segments: segments, lanes: lanes, in: context)
            }
            let grade = state.connectors[definition.connector]
                .map { DeliveryGrade.grade(of: $0.kind).rawValue }
            lines.append(
                Line(
                    name: name, state: Self.state(row, definition), grade: grade ?? "unknown",
                    lag: lag,
                    ageSeconds: lag.oldestRecordedAt.map {
                        max(0, Double(now.rawValue - $0.rawValue) / 1_000_000)
                    }, row: row))
        }
        return lines
    }

    static func state(_ row: IntegrationRow?, _ definition: IntegrationDefinition) -> String {
        if row?.stop != nil { return "stopped" }
        return row?.isActive ?? definition.isActive ? "active" : "paused"
    }

    private static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds)
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
            json.member("state", line.state)
            json.member("grade", line.grade)
            json.member("lag_events", line.lag.eventCount)
            json.member("oldest_undelivered_age_seconds", line.ageSeconds)
            json.member("last_success", line.row?.lastSuccessAt?.description)
            json.member("last_error", line.row?.lastErrorMessage)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.text
    }
}
