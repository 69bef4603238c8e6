internal import ArgumentParser
internal import Audit
internal import EventJSON
internal import SegmentModel

extension AuditCommand {
    struct Profile: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Everything that happened to a profile.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The profile's id.") var id: String
        @Option(name: .long, help: "As of this point in time. Default: now.") var asOf: String?

        func run() async throws {
            let (wanted, moment) = (id, try asOf.map { try AuditCommand.moment($0) })
            let answer = try await AuditCommand.ask(global.directory) {
                try $0.history(ofProfile: wanted, at: moment)
            }
            if global.json {
                Terminal.printLine(Self.json(answer))
                return
            }
            var table = TextTable("POSITION", "TIME", "TYPE", "SEGMENT", "CHANGED FIELDS")
            for entry in answer.entries {
                table.add(
                    entry.position.description, entry.time.description, entry.kind.name,
                    entry.segment?.description ?? "-",
                    entry.changes.map(\.name).joined(separator: ", "))
            }
            Terminal.printLine(table.printed())
            let segments = answer.segments.map(\.description).joined(separator: ", ")
            Terminal.printLine("in segments: \(segments.isEmpty ? "none" : segments)")
            for field in answer.fields {
                Terminal.printLine("\(field.name) = \(field.value.text)")
            }
        }

        private static func json(_ answer: ProfileHistory) -> String {
            var json = JSONWriter()
            json.beginObject()
            json.member("id", answer.id)
            json.key("segments")
            json.beginArray()
            for segment in answer.segments { json.value(segment.rawValue) }
            json.endArray()
            json.key("fields")
            write(answer.fields, &json)
            json.key("history")
            json.beginArray()
            for entry in answer.entries {
                json.beginObject()
                json.member("position", entry.position.rawValue)
                json.member("time", entry.time.description)
                json.member("own_time", entry.ownTime?.description)
                json.member("type", entry.kind.name)
                json.member("segment_id", entry.segment?.rawValue)
                json.member("event_id", entry.eventID.isEmpty ? nil : entry.eventID)
                json.key("changed_fields")
                write(entry.changes, &json)
                json.endObject()
            }
            json.endArray()
            json.endObject()
            return json.text
        }

        private static func write(_ fields: [ProfileHistory.Field], _ json: inout JSONWriter) {
            json.beginObject()
            for field in fields {
                json.key(field.name)
                switch field.value {
                case .null: json.null()
                case .boolean(let flag): json.value(flag)
                case .number(let text), .json(let text): json.raw(text.utf8)
                case .text(let text): json.value(text)
                }
            }
            json.endObject()
        }
    }

    struct Segment: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Everything that happened to a segment.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The segment.") var id: Int64
        @Option(name: .long, help: "As of this point in time. Default: now.") var asOf: String?

        func run() async throws {
            let (wanted, moment) = (SegmentID(id), try asOf.map { try AuditCommand.moment($0) })
            let answer = try await AuditCommand.ask(global.directory) {
                try $0.history(of: wanted, at: moment)
            }
            if global.json {
                Terminal.printLine(Self.json(answer))
                return
            }
            Terminal.printLine("segment \(answer.id): \(answer.description.name ?? "")")
            Terminal.printLine("members: \(answer.memberCount)")
            if let deleted = answer.deletedAt { Terminal.printLine("deleted: \(deleted)") }
            var table = TextTable("POSITION", "TIME", "TYPE", "PROFILES", "MEMBERS", "NAME")
            for entry in answer.entries {
                table.add(
                    entry.position.description, entry.time.description, entry.kind.name,
                    String(entry.profileCount), String(entry.memberCount), entry.newName ?? "-")
            }
            Terminal.printLine(table.printed())
        }

        private static func json(_ answer: SegmentAudit) -> String {
            var json = JSONWriter()
            json.beginObject()
            json.member("segment_id", answer.id.rawValue)
            json.member("segment_name", answer.description.name)
            json.member("database_id", answer.description.databaseID)
            json.member("tags", answer.description.tags)
            json.member("groups", answer.description.groups)
            json.member("members", answer.memberCount)
            json.member("created_at", answer.createdAt?.description)
            json.member("deleted_at", answer.deletedAt?.description)
            json.key("history")
            json.beginArray()
            for entry in answer.entries {
                json.beginObject()
                json.member("position", entry.position.rawValue)
                json.member("time", entry.time.description)
                json.member("type", entry.kind.name)
                json.member("event_id", entry.eventID.isEmpty ? nil : entry.eventID)
                json.member("profiles", entry.profileCount)
                json.member("members", entry.memberCount)
                json.member("segment_name", entry.newName)
                json.endObject()
            }
            json.endArray()
            json.endObject()
            return json.text
        }
    }
}

extension FieldValue {
    /// As a person reads it.
    var text: String {
        switch self {
        case .null: "null"
        case .boolean(let flag): String(flag)
        case .number(let text), .text(let text), .json(let text): text
        }
    }
}
