internal import FrameCodec
internal import GRDB
internal import SegmentModel

extension Fold {
    /// Notes, for each segment, which of its members an event changes fields of that rows follow.
    ///
    /// Precondition: the segments are as they were before the event.
    func foldRows(_ event: Frame.Event, at position: Position, of frame: Frame) throws {
        try context.rows.load(database)
        try context.rows.withChanges(event, of: frame, fieldName) { profiles, names in
            let members = try context.segments.segments(holding: profiles, segments)
            for (segment, held) in members {
                // Who leaves has its row removed as it was written.
                if event.kind == .profilesRemoved, segment == event.segment { continue }
                let row = try RowStatement(
                    database,
                    """
                    INSERT INTO row_change (
                        segment_id, position, time, recorded_at, names, profiles
                    ) VALUES (?, ?, ?, ?, ?, ?)
                    """)
                row.bind(0, segment.rawValue)
                row.bind(1, Int64(bitPattern: position.rawValue))
                row.bind(2, event.time.rawValue)
                row.bind(3, event.recordedAt.rawValue)
                try AscendingNumbers.encode(names).withUnsafeBytes { names in
                    try AscendingNumbers.encode(held).withUnsafeBytes { profiles in
                        row.bind(4, names)
                        row.bind(5, profiles)
                        try row.run()
                    }
                }
            }
        }
    }

    /// What the rows of an integration follow from here on; none: it was removed.
    func foldRowFields(_ integration: String, _ fields: RowFields) throws {
        try execute("DELETE FROM row_field WHERE integration = ?", [integration])
        let integrationBytes = Array(integration.utf8)
        let row = try RowStatement(
            database, "INSERT INTO row_field (integration, name) VALUES (CAST(? AS TEXT), ?)")
        for name in Set(fields.all) {
            try integrationBytes.withUnsafeBytes { integration in
                try Array(name.text.utf8).withUnsafeBytes { name in
                    row.bind(0, integration)
                    row.bind(1, name)
                    try row.run()
                }
            }
        }
        context.rows.forget()
    }
}
