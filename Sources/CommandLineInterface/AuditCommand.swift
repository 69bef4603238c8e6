internal import ArgumentParser
internal import Audit
internal import EventJSON
internal import Ledger
internal import SegmentModel

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Ask the ledger about the past and the present.",
        discussion: """
            T is RFC 3339, a date (its end, UTC), or @POSITION (the state after that position).
            """,
        subcommands: [Profile.self, Segment.self, Members.self, Diff.self, Log.self])

    static func moment(_ text: String) throws -> Moment {
        if let moment = Moment(text) { return moment }
        throw Failure(
            .usageInvalid, "\(text) is not a point in time",
            hint: "give RFC 3339 (2026-03-12T10:00:00Z), a date (2026-03-12) or @POSITION (@1234)")
    }

    /// Opens the directory and asks on an owned thread.
    static func ask<Answer: Sendable>(
        _ directory: String, _ body: @escaping @Sendable (LedgerAudit) throws -> Answer
    ) async throws -> Answer {
        try await Workspace.with(directory, .read) { workspace in
            let audit = LedgerAudit(workspace.ledger)
            return try await workspace.pool.run { try body(audit) }
        }
    }
}

extension AuditCommand {
    struct Members: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Who is, or was, in a segment: ids sorted by their bytes.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The segment.") var segment: Int64
        @Option(name: .long, help: "As of this point in time. Default: now.") var asOf: String?
        @Flag(name: .long, help: "Only the number and the SHA-256 of the ids.") var count = false

        func run() async throws {
            let moment = try asOf.map { try AuditCommand.moment($0) }
            let id = SegmentID(segment)
            if count {
                let answer = try await AuditCommand.ask(global.directory) {
                    try $0.memberCount(of: id, at: moment)
                }
                if global.json {
                    var json = JSONWriter()
                    json.beginObject()
                    json.member("count", answer.count)
                    json.member("sha256", answer.sha256)
                    json.endObject()
                    Terminal.printLine(json.text)
                } else {
                    Terminal.printLine("\(answer.count) members, SHA-256 \(answer.sha256)")
                }
                return
            }
            let ids = try await AuditCommand.ask(global.directory) {
                try $0.members(of: id, at: moment)
            }
            IDLines.print(ids, json: global.json)
        }
    }

    struct Diff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Who entered and who left a segment between two points in time.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The segment.") var segment: Int64
        @Option(name: .long, help: "The earlier state.") var from: String
        @Option(name: .long, help: "The later state.") var to: String

        func run() async throws {
            let (first, second) = (try AuditCommand.moment(from), try AuditCommand.moment(to))
            let id = SegmentID(segment)
            let answer = try await AuditCommand.ask(global.directory) {
                try $0.difference(of: id, from: first, to: second)
            }
            if global.json {
                var json = JSONWriter()
                json.beginObject()
                json.member("added", answer.added)
                json.member("removed", answer.removed)
                json.endObject()
                Terminal.printLine(json.text)
                return
            }
            for id in answer.added { Terminal.printLine("+ \(id)") }
            for id in answer.removed { Terminal.printLine("- \(id)") }
        }
    }

    struct Log: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The events themselves, in the ledger's order.")

        @OptionGroup var global: GlobalOptions
        @Option(name: .long, help: "From this point in time on.") var from: String?
        @Option(name: .long, help: "Up to this point in time.") var to: String?
        @Option(name: .long, help: "Only this type of event; may be given several times.")
        var type: [String] = []
        @Option(name: .long, help: "Only events of this segment.") var segment: Int64?
        @Option(name: .long, help: "How many at most.") var limit: Int?

        func run() async throws {
            var filter = LogFilter()
            filter.from = try from.map { try AuditCommand.moment($0) }
            filter.to = try to.map { try AuditCommand.moment($0) }
            filter.segment = segment.map { SegmentID($0) }
            filter.limit = limit
            if !type.isEmpty { filter.kinds = Set(try type.map { try Self.kind($0) }) }
            let (wanted, isJSON) = (filter, global.json)
            if !isJSON { Terminal.printLine("POSITION  TIME  TYPE  SEGMENT  PROFILES") }
            try await AuditCommand.ask(global.directory) { audit in
                try audit.log(wanted) { Self.print($0, json: isJSON) }
            }
        }

        private static func kind(_ name: String) throws -> EventKind {
            if let kind = EventKind(name: name) { return kind }
            throw Failure(
                .usageInvalid, "there is no event type \(name)",
                hint: nearestName(to: name, in: EventKind.allCases.map(\.name))
                    .map { "did you mean \($0)?" } ?? "see docs/reference/events.md")
        }

        private static func print(_ entry: LogEntry, json isJSON: Bool) {
            guard isJSON else {
                Terminal.printLine(
                    "\(entry.position)  \(entry.time)  \(entry.kind.name)  "
                        + "\(entry.segment?.description ?? "-")  \(entry.profileCount)")
                return
            }
            var json = JSONWriter()
            json.beginObject()
            json.member("position", entry.position.rawValue)
            json.member("type", entry.kind.name)
            json.member("time", entry.time.description)
            json.member("own_time", entry.ownTime?.description)
            json.member("recorded_at", entry.recordedAt.description)
            json.member("segment_id", entry.segment?.rawValue)
            json.member("profiles", entry.profileCount)
            json.member("event_id", entry.eventID.isEmpty ? nil : entry.eventID)
            if !entry.body.isEmpty {
                json.key("body")
                json.raw(entry.body.utf8)
            }
            json.endObject()
            Terminal.printLine(json.text)
        }
    }
}

/// Ids, one a line.
enum IDLines {
    static func print(_ ids: [String], json isJSON: Bool) {
        var bytes: [UInt8] = []
        for id in ids {
            if isJSON {
                var json = JSONWriter()
                json.beginObject()
                json.member("id", id)
                json.endObject()
                bytes += json.bytes
            } else {
                bytes += Array(id.utf8)
            }
            bytes.append(UInt8(ascii: "\n"))
        }
        Terminal.printBytes(bytes)
    }
}
