internal import ArgumentParser
internal import EventJSON
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
        let result = try await Interruption.run {
            try await Workspace.with(global.directory, .write) { workspace in
                try await append(input, to: workspace)
            }
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
        do {
            try await withTaskCancellationHandler {
                try await append(input, to: workspace, &total)
            } onCancel: {
                input.cancel()
            }
        } catch {
            Terminal.endProgress()
            throw failure(error, after: total)
        }
        Terminal.endProgress()
        return total
    }

    /// While one part is made durable, the next is read and checked on the reader's thread: one hop
    /// a part, and never more than two parts in memory.
    private func append(
        _ input: InputFile, to workspace: Workspace, _ total: inout AppendResult
    ) async throws {
        let reader = EventReader(input, now: workspace.clock.now())
        var part = try await reader.next()
        while let batch = part {
            try Task.checkCancellation()
            async let next = reader.next()
            do {
                total.add(try await workspace.ledger.append(batch))
            } catch {
                // The reader may wait for input that never comes.
                input.cancel()
                throw error
            }
            Terminal.showProgress("appended \(total.eventCount) events")
            reader.reuse(batch)
            part = try await next
        }
    }

    /// The error with what is durable in spite of it.
    private func failure(_ error: any Error, after total: AppendResult) -> any Error {
        let count = total.eventCount + total.duplicateCount
        switch error {
        case let failure as Failure:
            return Failure(
                failure.code,
                failure.message
                    + (count == 0
                        ? "; nothing was appended" : "; \(count) events before it are durable"),
                hint: failure.hint)
        case is CancellationError:
            return Failure(
                .interrupted,
                count == 0
                    ? "interrupted; nothing was appended"
                    : "interrupted; the first \(count) events are durable",
                hint: "append the input again; events that carry an event_id are not doubled")
        default: return error
        }
    }
}
