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
        let rowFields = RowFields(definition)
        let fields = RowFieldNumbers(rowFields, context.ledger)
        let cursors = Dictionary(uniqueKeysWithValues: lanes.map { ($0.key.segment, $0.cursor) })
        for segment in segments where definition.scope.contains(segment.id, segment.said) {
            let cursor = cursors[segment.id]
            var own: Set<Position> = []
            lag.changeCount -= cursor?.profileCount ?? 0
            var at = cursor?.position
            while let frame = try context.ledger.changes(of: segment.id, after: at) {
                frame.forEachEvent(of: segment.id) { index, event in
                    let position = frame.firstPosition.advanced(by: index)
                    if let at, position <= at { return }
                    if segment.lastRowChange != nil { own.insert(position) }
                    lag.add(event.ordinalRange.count, recordedAt: event.recordedAt)
                }
                at = frame.endPosition.predecessor
            }
            let last = cursor?.position
            guard let lastChange = segment.lastRowChange, last.map({ lastChange > $0 }) ?? true,
                !rowFields.all.isEmpty
            else { continue }
            let changes = try context.projections.readHere {
                try $0.rowChanges(of: segment.id, after: last, limit: .max)
            }
            for change in changes
            where !own.contains(change.position) && change.names.contains(where: fields.isFollowed)
            {
                lag.add(change.profiles.count, recordedAt: change.recordedAt)
            }
        }
        return lag
    }

    private mutating func add(_ profileCount: Int, recordedAt: Timestamp) {
        eventCount += 1
        changeCount += profileCount
        oldestRecordedAt = min(oldestRecordedAt ?? recordedAt, recordedAt)
    }
}
