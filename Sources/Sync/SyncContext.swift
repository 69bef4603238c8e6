internal import EventJSON
internal import FrameCodec
package import Ledger
package import Projection
package import SegmentModel
package import StorageIO

/// What the workers of all lanes share.
package struct SyncContext: Sendable {
    package let ledger: any Ledger
    package let projections: any Projections
    /// For scans of the ledger's files.
    package let pool: any BlockingWork
    package let clock: any WallClock
    package let time: any MonotonicClock

    package init(
        ledger: any Ledger, projections: any Projections, pool: any BlockingWork,
        clock: any WallClock, time: any MonotonicClock = SystemMonotonicClock()
    ) {
        self.ledger = ledger
        self.projections = projections
        self.pool = pool
        self.clock = clock
        self.time = time
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
}
