package import Ledger
package import SegmentModel

/// Keeps the projections up with a ledger: reads its frames and folds them.
///
/// Invariant: the projections never are ahead of the ledger's durable end; where they are when it
/// is opened, the ledger lost acknowledged events (INV-3).
package final class Projector: Sendable {
    private let ledger: any Ledger
    private let store: ProjectionStore
    private let reader: FrameReader
    private let waiters: FoldWaiters

    /// - Throws: `projectionInvalid` for projections of another ledger or timeline,
    ///   `ledgerCorrupt` for a ledger that ends before the projections do.
    package init(ledger: any Ledger, store: ProjectionStore) throws {
        let checkpoint = store.checkpoint()
        guard store.identity == ledger.identity else {
            throw Failure(
                .projectionInvalid, "the projections belong to another ledger or timeline",
                hint: Failure.rebuildHint)
        }
        // A reader's ledger may be older than its projections while another process writes.
        guard checkpoint <= ledger.end || store.isReadOnly else {
            throw Failure(
                .ledgerCorrupt,
                "the projections have seen the events before position \(checkpoint),"
                    + " the ledger ends at \(ledger.end)",
                hint: "acknowledged events are missing: restore the ledger from a backup")
        }
        self.ledger = ledger
        self.store = store
        reader = FrameReader(ledger)
        waiters = FoldWaiters(folded: checkpoint)
    }

    /// Follows the ledger until it is closed, or the task is cancelled (`CancellationError`).
    ///
    /// - Throws: what reading the ledger or folding throws; whoever waits then gets the same.
    package func run() async throws {
        do {
            while await ledger.waitForEvent(at: store.checkpoint()) {
                try Task.checkCancellation()
                try await foldToEnd()
            }
            try Task.checkCancellation()
            waiters.fail(
                Failure(.interrupted, "the ledger was closed before its events were folded"))
        } catch {
            waiters.fail(error)
            throw error
        }
    }

    /// Folds up to the ledger's end as it is when called, or up to the position `limit`.
    package func foldToEnd(before limit: Position? = nil) async throws {
        let end = min(ledger.end, limit ?? ledger.end)
        let reader = reader
        while store.checkpoint() < end {
            try await store.fold(before: end, fieldName: ledger.fieldName) {
                try reader.frames(from: $0, before: end)
            }
            let checkpoint = store.checkpoint()
            reader.release(before: checkpoint)
            waiters.advance(to: checkpoint)
        }
    }

    /// Returns once the event at `position` is folded; `run` or `foldToEnd` does the work.
    ///
    /// - Throws: what ended `run` before; `CancellationError`.
    package func waitUntilFolded(_ position: Position) async throws {
        try await waiters.wait(for: position)
    }
}
