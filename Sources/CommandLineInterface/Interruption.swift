internal import Dispatch
internal import Foundation
internal import SegmentModel

/// Ctrl-C and SIGTERM cancel the work; files are closed in order. A second one ends at once.
enum Interruption {
    static func run<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let task = Task { try await body() }
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler {
                task.cancel()
                signal(number, SIG_DFL)
            }
            source.resume()
            return source
        }
        defer {
            for source in sources { source.cancel() }
            signal(SIGINT, SIG_DFL)
            signal(SIGTERM, SIG_DFL)
        }
        do {
            return try await task.value
        } catch is CancellationError {
            throw Failure(
                .interrupted, "interrupted; what was acknowledged is safe",
                hint: "start the command again to go on")
        }
    }
}
