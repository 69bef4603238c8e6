internal import GRDB
package import SegmentModel

extension ProjectionReader {
    /// Changes of members' fields, which rows follow, of a segment: those behind a position (nil:
    /// from the beginning), ascending, at most `limit` of them.
    package func rowChanges(
        of segment: SegmentID, after position: Position?, limit: Int
    ) throws -> [RowChange] {
        let row = try RowStatement(
            database,
            """
            SELECT position, time, recorded_at, names, profiles FROM row_change
            WHERE segment_id = ? AND position > ? ORDER BY position LIMIT ?
            """)
        defer { row.reset() }
        row.bind(0, segment.rawValue)
        row.bind(1, position.map { Int64(bitPattern: $0.rawValue) } ?? -1)
        row.bind(2, Int64(limit))
        var changes: [RowChange] = []
        while try row.next() {
            changes.append(
                RowChange(
                    position: self.position(row.number(0)),
                    time: Timestamp(rawValue: row.number(1)),
                    recordedAt: Timestamp(rawValue: row.number(2)),
                    names: try AscendingNumbers.decode(row.bytes(3)),
                    profiles: try AscendingNumbers.decode(row.bytes(4))))
        }
        return changes
    }

    /// Segments of whose members the events from `start` up to `end` changed such fields.
    package func segmentsWithRowChanges(
        from start: Position, before end: Position
    ) throws -> [SegmentID] {
        try rows(
            """
            SELECT DISTINCT segment_id FROM row_change WHERE position >= ? AND position < ?
            ORDER BY segment_id
            """, [Int64(clamping: start.rawValue), Int64(clamping: end.rawValue)]
        ).map { SegmentID(rawValue: $0[0]) }
    }
}
