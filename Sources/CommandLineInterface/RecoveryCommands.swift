internal import ArgumentParser
internal import EventJSON
internal import Ledger
internal import Projection
internal import Recovery
internal import SegmentModel
internal import StorageIO

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the ledger into a directory, and check the copy.",
        discussion: "Works while another process writes. Passwords are not copied.")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "A directory that is new or empty.") var into: String

    func run() async throws {
        let (source, target) = (global.directory, into)
        let report = try await BlockingPool(name: "backup", threadCount: 1).run {
            try LedgerRecovery.backup(from: source, into: target)
        }
        CopyLines.print(report, into: into, json: global.json)
    }
}

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Write the ledger as it stood at a point in time into a new directory.",
        discussion: """
            The restored ledger is a timeline of its own: a target that was kept by the old one \
            asks for 'segledger resync' before it is written again.
            """)

    @Option(name: .long, help: "A data directory or a backup.") var from: String
    @Option(name: .long, help: "A directory that is new or empty.") var into: String
    @Option(
        name: .long,
        help: "RFC 3339, a date (its end, UTC) or @POSITION. Default: everything.")
    var to: String?
    @Flag(name: .long, help: "Print JSON instead of text.") var json = false

    func run() async throws {
        let moment = try to.map { try AuditCommand.moment($0) }
        let (source, target) = (from, into)
        let report = try await BlockingPool(name: "restore", threadCount: 1).run {
            try LedgerRecovery.restore(from: source, into: target, to: moment)
        }
        CopyLines.print(report, into: into, json: json)
    }
}

enum CopyLines {
    static func print(_ report: CopyReport, into: String, json isJSON: Bool) {
        guard isJSON else {
            Terminal.printLine(
                "\(into): \(report.end) events, \(report.byteCount) bytes in "
                    + "\(report.chunkCount) chunks, read back and equal")
            return
        }
        var json = JSONWriter()
        json.beginObject()
        json.member("directory", into)
        json.member("events", report.end.rawValue)
        json.member("chunks", report.chunkCount)
        json.member("bytes", report.byteCount)
        json.member("profiles", report.profileCount)
        json.member("sha256", report.sha256)
        json.endObject()
        Terminal.printLine(json.text)
    }
}

struct RebuildProjectionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild-projections",
        abstract: "Delete the projections and fold them again from the ledger.")

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let (digest, end) = try await ProjectionRebuild.rebuild(global.directory)
        if global.json {
            var json = JSONWriter()
            json.beginObject()
            json.member("events", end.rawValue)
            json.member("projections_sha256", digest)
            json.endObject()
            Terminal.printLine(json.text)
        } else {
            Terminal.printLine("projections rebuilt from \(end) events")
        }
    }
}
