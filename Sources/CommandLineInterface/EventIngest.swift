internal import EventJSON
internal import Ledger
internal import SegmentModel

/// Carries NDJSON into a ledger: while one part is made durable, the next is read and checked on
/// the reader's thread. One hop a part, and never more than two parts in memory.
struct EventIngest {
    private let input: InputFile
    private let reader: EventReader
    private let ledger: any Ledger
    /// Of what is durable, also after an error.
    private(set) var total = AppendResult()

    /// - Parameter now: what no event's own time may be far ahead of.
    init(_ input: InputFile, into ledger: any Ledger, now: Timestamp) {
        self.input = input
        self.ledger = ledger
        reader = EventReader(input, now: now)
    }

    /// Appends all of the input; cancelling the task ends it after the part that is being written,
    /// also where the input waits for its other end.
    ///
    /// - Parameter progress: gets the total after each part.
    /// - Throws: `inputRefused` naming the line; what appending throws; `CancellationError`.
    mutating func run(_ progress: (AppendResult) -> Void = { _ in }) async throws {
        var part = try await reader.next()
        while let batch = part {
            try Task.checkCancellation()
            async let next = reader.next()
            do {
                total.add(try await ledger.append(batch))
            } catch {
                // The reader may wait for input that never comes.
                input.cancel()
                throw error
            }
            progress(total)
            reader.reuse(batch)
            part = try await next
        }
    }
}
