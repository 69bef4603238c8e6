internal import FrameCodec
internal import Ledger
package import Projection
package import SegmentModel

/// How far an integration is behind: counted from the ledger and the lanes' cursors.
package struct Lag: Hashable, Sendable {
    package var eventCount = 0
    /// Profiles that these events add or remove, as far as they are not delivered.
    package var changeCount = 0
    /// When the oldest undelivered event was recorded.
    package var oldestRecordedAt: Timestamp?

    package init(
        eventCount: Int = 0, changeCount: Int = 0, oldestRecordedAt: Timestamp? = nil
    ) {
        self.eventCount = eventCount
        self.changeCount = changeCount
        self.oldestRecordedAt = oldestRecordedAt
    }

    /// - Concurrency: blocks on file reads.
    package static func measure(
        _ definition: IntegrationDefinition, segments: [SegmentRow], lanes: [LaneRow],
        in context: SyncContext
    ) throws -> Lag {
        var lag = Lag()
        let cursors = Dictionary(uniqueKeysWithValues: lanes.map { ($0.key.segment, $0.cursor) })
        for segment in segments where definition.scope.contains(segment.id, segment.said) {
            var at = cursors[segment.id]?.position
            lag.changeCount -= cursors[segment.id]?.profileCount ?? 0
            while let frame = try context.ledger.changes(of: segment.id, after: at) {
                for (index, event) in frame.events.enumerated()
                where event.kind.hasSegment && event.segment == segment.id {
                    let position = frame.firstPosition.advanced(by: index)
                    if let at, position <= at { continue }
                    lag.eventCount += 1
                    lag.changeCount += event.ordinalRange.count
                    let recordedAt = event.recordedAt
                    lag.oldestRecordedAt = min(lag.oldestRecordedAt ?? recordedAt, recordedAt)
                }
                at = frame.endPosition.predecessor
            }
        }
        return lag
    }
}
