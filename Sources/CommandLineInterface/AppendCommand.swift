internal import ArgumentParser
internal import EventJSON
internal import Foundation
internal import Ledger
internal import SegmentModel
internal import StorageIO

struct AppendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "append",
        abstract: "Append events (NDJSON) to the ledger.",
        discussion: """
            Input up to 64 MiB is checked whole first and appended whole or not at all. Longer \
            input is taken in parts of that size; an error then says how many events are durable. \
            An event with an event_id can be sent again safely.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The file to read; - for standard input.")
    var file = "-"

    func run() async throws {
        let input = try InputFile(file)
        defer { input.close() }
        let result = try await Workspace.with(global.directory, .write) { workspace in
            try await append(input, to: workspace)
        }
        if global.json {
            var json = JSONWriter()
            json.beginObject()
            json.member("events", result.eventCount)
            json.member("changes", result.changeCount)
            json.member("duplicates", result.duplicateCount)
            json.member("first_position", result.firstPosition?.rawValue)
            json.member("last_position", result.lastPosition?.rawValue)
            json.endObject()
            Terminal.printLine(json.text)
        } else {
            let positions = result.firstPosition.map {
                ", positions \($0) to \(result.lastPosition ?? $0)"
            }
            Terminal.printLine(
                "\(result.eventCount) events with \(result.changeCount) changes appended"
                    + (positions ?? "") + "; \(result.duplicateCount) duplicates left out")
        }
    }

    private func append(_ input: InputFile, to workspace: Workspace) async throws -> AppendResult {
        var total = AppendResult()
        var reader = EventReader(input: input, now: workspace.clock.now())
        do {
            while let batch = try reader.next() {
                total.add(try await workspace.ledger.append(batch))
                Terminal.showProgress("appended \(total.eventCount) events")
            }
        } catch let failure as Failure {
            Terminal.endProgress()
            throw Failure(
                failure.code,
                failure.message
                    + (total.eventCount + total.duplicateCount == 0
                        ? "; nothing was appended"
                        : "; \(total.eventCount) events before it are durable"),
                hint: failure.hint)
        }
        Terminal.endProgress()
        return total
    }
}

/// Cuts the input into batches that are appended whole.
struct EventReader {
    private let input: InputFile
    private var parser: EventParser
    private var splitter = EventLineSplitter()
    private var isAtEnd = false

    init(input: InputFile, now: Timestamp) {
        self.input = input
        parser = EventParser(clock: now)
    }

    /// The next batch; nil at the end of the input.
    mutating func next() throws -> EventBatch? {
        var batch = EventBatch()
        var byteCount = 0
        // Parser and splitter are used at the same time: each needs its own variable.
        var parser = self.parser
        var splitter = self.splitter
        defer {
            self.parser = parser
            self.splitter = splitter
        }
        while !isAtEnd, byteCount < Limits.atomicAppendByteCountMax {
            let chunk = try input.read()
            byteCount += chunk.count
            isAtEnd = chunk.isEmpty
            if isAtEnd {
                try splitter.finish { (line, number) throws(Failure) in
                    try parser.parseLine(line, number: number, into: &batch)
                }
            } else {
                try chunk.withUnsafeBytes { bytes in
                    try splitter.feed(bytes) { (line, number) throws(Failure) in
                        try parser.parseLine(line, number: number, into: &batch)
                    }
                }
            }
        }
        return batch.isEmpty && isAtEnd ? nil : batch
    }
}

/// A file or standard input, read in chunks.
final class InputFile: Sendable {
    private let descriptor: CInt
    private let name: String

    init(_ path: String) throws {
        name = path == "-" ? "standard input" : path
        if path == "-" {
            descriptor = STDIN_FILENO
        } else {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw StorageError(call: "open", path: path, errno: errno).failure
            }
        }
    }

    /// Up to a MiB; empty at the end.
    func read() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = Foundation.read(descriptor, &buffer, buffer.count)
            if count >= 0 {
                buffer.removeLast(buffer.count - count)
                return buffer
            }
            guard errno == EINTR else {
                throw StorageError(call: "read", path: name, errno: errno).failure
            }
        }
    }

    func close() {
        if descriptor != STDIN_FILENO { _ = Foundation.close(descriptor) }
    }
}
