internal import EventJSON
internal import FrameCodec
package import Ledger
package import Projection
package import SegmentModel
package import StorageIO

/// What the workers of all lanes share.
package struct SyncContext: Sendable {
    package let ledger: any Ledger
    package let store: ProjectionStore
    /// For scans of the ledger's files.
    package let pool: BlockingPool
    package let clock: any WallClock

    package init(
        ledger: any Ledger, store: ProjectionStore, pool: BlockingPool, clock: any WallClock
    ) {
        self.ledger = ledger
        self.store = store
        self.pool = pool
        self.clock = clock
    }

    /// Appends receipts, and what else is to be durable with them.
    func record(
        _ receipts: [Receipt], then more: (inout EventBatch) -> Void = { _ in }
    ) async throws {
        var batch = EventBatch()
        for receipt in receipts {
            batch.append(.deliveryRecorded, body: receipt.encode())
        }
        more(&batch)
        _ = try await ledger.append(batch)
    }

    /// Whether there is more than what workers themselves write down while they deliver.
    func hasNews(from start: Position, before end: Position) async -> Bool {
        do {
            return try await pool.run { [ledger] in
                var next = start
                while next < end, let frame = try ledger.frame(containing: next) {
                    let known = Int(next.rawValue - frame.firstPosition.rawValue)
                    if frame.events.dropFirst(known).contains(where: { $0.kind.isNews }) {
                        return true
                    }
                    next = frame.endPosition
                }
                return next < end
            }
        } catch {
            // Who is woken reads the same, and says what is wrong with it.
            return true
        }
    }
}

extension EventKind {
    fileprivate var isNews: Bool {
        switch self {
        case .deliveryRecorded, .deliveryStarted, .changeParked, .gradeRecorded, .laneLeft: false
        default: true
        }
    }
}
