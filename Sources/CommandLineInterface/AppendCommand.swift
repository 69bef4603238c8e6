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
            input is taken in parts; an error then says how many events are durable. An event with \
            an event_id can be sent again safely.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The file to read; - for standard input.")
    var file = "-"

    func run() async throws {
        let input = try InputFile(file)
        defer { input.close() }
        try await Interruption.run {
            try await Workspace.with(global.directory, .write, folding: false) { workspace in
                // At once: closing may take a while longer, if a full chunk is being sealed.
                report(try await append(input, to: workspace))
            }
        }
    }

    private func report(_ result: AppendResult) {
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
                "\(counted(result.eventCount, "event")) with "
                    + "\(counted(result.changeCount, "change")) appended" + (positions ?? "")
                    + "; \(counted(result.duplicateCount, "duplicate")) left out")
        }
    }

    private func append(_ input: InputFile, to workspace: Workspace) async throws -> AppendResult {
        var ingest = EventIngest(input, into: workspace.ledger, now: workspace.clock.now())
        do {
            try await withTaskCancellationHandler {
                try await ingest.run { total in
                    Terminal.showProgress("appended \(counted(total.eventCount, "event"))")
                }
            } onCancel: {
                input.cancel()
            }
        } catch {
            Terminal.endProgress()
            throw failure(error, after: ingest.total)
        }
        Terminal.endProgress()
        return ingest.total
    }

    /// The error with what is durable in spite of it.
    private func failure(_ error: any Error, after total: AppendResult) -> any Error {
        let count = total.eventCount + total.duplicateCount
        let verb = count == 1 ? "is" : "are"
        switch error {
        case let failure as Failure:
            return Failure(
                failure.code,
                failure.message
                    + (count == 0
                        ? "; nothing was appended"
                        : "; \(counted(count, "event")) before it \(verb) durable"),
                hint: failure.hint)
        case is CancellationError:
            return Failure(
                .interrupted,
                count == 0
                    ? "interrupted; nothing was appended"
                    : "interrupted; the first \(counted(count, "event")) \(verb) durable",
                hint: "append the input again; events that carry an event_id are not doubled")
        default: return error
        }
    }
}
