internal import FrameCodec
internal import Ledger
package import Projection
package import SegmentModel

/// How far an integration is behind: counted from the ledger and the lanes' cursors.
package struct Lag: Hashable, Sendable {
    package var eventCount = 0
    /// When the oldest undelivered event was recorded.
    package var oldestRecordedAt: Timestamp?

    /// - Concurrency: blocks on file reads.
    package static func measure(
        _ definition: IntegrationDefinition, segments: [SegmentRow], lanes: [LaneRow],
        in context: SyncContext
    ) throws -> Lag {
        var lag = Lag()
        let cursors = Dictionary(uniqueKeysWithValues: lanes.map { ($0.key.segment, $0.cursor) })
        for segment in segments where definition.scope.contains(segment.id, segment.said) {
            var at = cursors[segment.id]?.position
            while let frame = try context.ledger.frame(of: segment.id, after: at) {
                for (index, event) in frame.events.enumerated()
                where event.kind.hasSegment && event.segment == segment.id {
                    let position = frame.firstPosition.advanced(by: index)
                    if let at, position <= at { continue }
                    lag.eventCount += 1
                    let recordedAt = event.recordedAt
                    lag.oldestRecordedAt = min(lag.oldestRecordedAt ?? recordedAt, recordedAt)
                }
                at = frame.endPosition.predecessor
            }
        }
        return lag
    }
}

/// What a delivery to this target guarantees (INV-6).
package enum DeliveryGrade: String, CaseIterable, Sendable {
    case exactlyOnce = "exactly-once"
    case effectivelyOnce = "effectively-once"
    case atLeastOnce = "at-least-once"

    /// These keep the cursor in the batch's own transaction: PostgreSQL and SQLite with DDL, MySQL
    /// without, where a query that commits by itself is refused.
    package static func grade(of kind: ConnectorKind) -> DeliveryGrade {
        switch kind {
        case .postgresql, .sqlite, .mssql, .mysql, .oracle: .exactlyOnce
        case .clickhouse: .effectivelyOnce
        }
    }
}
