internal import ArgumentParser
internal import EventJSON
internal import FrameCodec
internal import Ledger
internal import Recovery
internal import SegmentModel
internal import StorageIO

struct DumpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump",
        abstract: "Show the frames of one file of the ledger, damaged or not.",
        discussion: """
            One line a frame: where it is, what it holds, how far the file was durable when it was \
            written, and what is wrong with it. Goes on behind what is damaged. Exit code 4: bytes \
            fail that had been acknowledged.
            """)

    @Argument(help: "A chunk, the manifest, or the dictionary's snapshot.") var file: String
    @Option(name: .long, help: "Show what is in the frame with this number.") var frame: UInt64?
    @Flag(name: .long, help: "With --frame: show profile ids and field values too.")
    var values = false
    @Flag(name: .long, help: "Print JSON instead of text.") var json = false

    func validate() throws {
        guard !values || frame != nil else {
            throw ValidationError("--values shows values of one frame: name it with --frame")
        }
    }

    func run() async throws {
        let (path, number, showsValues, isJSON) = (file, frame, values, json)
        let isWhole = try await BlockingPool(name: "dump", threadCount: 1).run {
            guard let number else { return try Self.list(path, isJSON) }
            try Self.show(number, of: path, FrameContentLines(showsValues: showsValues), isJSON)
            return true
        }
        if !isWhole { throw ReportedFailure(exitCode: ErrorReport.exitCode(.ledgerCorrupt)) }
    }

    /// Prints a line for each finding; false if acknowledged bytes fail.
    private static func list(_ path: String, _ isJSON: Bool) throws -> Bool {
        if try summarizeSnapshot(path, isJSON) { return true }
        if !isJSON { Terminal.printLine(FrameLines.header) }
        let summary = try FileInspection.inspect(path) { finding in
            Terminal.printLine(isJSON ? FrameLines.json(finding) : FrameLines.text(finding))
        }
        // Zeros alone are whole only as a file made ahead.
        if summary.frameCount == 0,
            summary.firstFaultOffset != nil || !LedgerDirectory.isSpare(path)
        {
            throw Failure(
                .notFound, "\(path): there is no frame in this file",
                hint: "name a file of DATA/ledger; if this is one, 'segledger verify' says more")
        }
        if !isJSON { Terminal.printLine(FrameLines.text(summary)) }
        if summary.isCorrupt, let offset = summary.firstFaultOffset {
            ErrorReport.print(
                Failure(
                    .ledgerCorrupt,
                    "\(path): bytes from \(offset) on fail, and the file's own frames say that it "
                        + "was durable up to \(summary.durableUpTo)",
                    hint: "restore a backup with 'segledger restore'"))
        }
        return !summary.isCorrupt
    }

    /// A snapshot has no frames: says what it holds; false if the file is something else.
    private static func summarizeSnapshot(_ path: String, _ isJSON: Bool) throws -> Bool {
        let fileSystem = LocalFileSystem()
        do {
            guard try DictionarySnapshotSummary.isSnapshot(path, fileSystem),
                let summary = try DictionarySnapshotSummary(path, fileSystem)
            else { return false }
            Terminal.printLine(isJSON ? json(summary) : text(summary))
            return true
        } catch let error as StorageError {
            throw error.failure
        }
    }

    private static func text(_ summary: DictionarySnapshotSummary) -> String {
        "a snapshot of the dictionary where position \(summary.position) begins: "
            + "\(counted(summary.profileCount, "profile")), "
            + "\(counted(summary.fieldNameCount, "field name")), "
            + "\(counted(summary.eventIDCount, "event id")) in "
            + "\(counted(summary.byteCount, "byte")): whole"
    }

    private static func json(_ summary: DictionarySnapshotSummary) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("kind", "dictionary")
        json.member("position", summary.position.rawValue)
        json.member("profiles", summary.profileCount)
        json.member("field_names", summary.fieldNameCount)
        json.member("event_ids", summary.eventIDCount)
        json.member("bytes", summary.byteCount)
        json.endObject()
        return json.text
    }

    private static func show(
        _ number: UInt64, of path: String, _ lines: FrameContentLines, _ isJSON: Bool
    ) throws {
        var isFound = false
        _ = try FileInspection.inspect(path) { finding in
            guard case .frame(let frame) = finding, frame.header.frameNumber == number else {
                return
            }
            isFound = true
            if isJSON {
                Terminal.printLine(FrameLines.json(finding))
            } else {
                Terminal.printLine(FrameLines.header)
                Terminal.printLine(FrameLines.text(finding))
            }
            for line in isJSON ? lines.json(frame) : lines.text(frame) {
                Terminal.printLine(line)
            }
        }
        guard isFound else {
            throw Failure(
                .notFound, "\(path) has no frame with the number \(number)",
                hint: "'segledger dump FILE' lists the frames that can be found")
        }
    }
}
