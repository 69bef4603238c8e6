internal import FrameCodec
internal import GRDB
internal import SegmentModel

extension Fold {
    /// Notes, for each segment, which of its members an event changes fields of that rows follow.
    ///
    /// Precondition: the segments are as they were before the event.
    func foldRows(_ event: Frame.Event, at position: Position, of frame: Frame) throws {
        try context.keys.load(database)
        context.keys.note(event, at: position, of: frame, fieldName)
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
    ///
    /// - Parameter isNew: none of its lanes delivers what was before, unless it starts at the
    ///   beginning.
    func foldRowFields(
        _ integration: String, _ fields: RowFields, at position: Position, isNew: Bool
    ) throws {
        let known = try followed(by: integration)
        let key = fields.hasSharedKey ? fields.orderedKey : []
        let knownKey = known.filter(\.value.isSharedKey)
        let isKnown = Set(knownKey.keys) == Set(key)
        let wasWhole = knownKey.values.contains(where: \.isWholeHistory)
        let isWhole = fields.startsAtBeginning || (isKnown ? wasWhole : !isNew)
        try execute("DELETE FROM row_field WHERE integration = ?", [integration])
        for name in Set(fields.all) {
            let isSharedKey = key.contains(name)
            let field = FollowedField(
                since: known[name]?.since ?? Int64(bitPattern: position.rawValue),
                isSharedKey: isSharedKey, isWholeHistory: isSharedKey && isWhole)
            try store(field, name, of: integration)
        }
        if !key.isEmpty, !isKnown || (isWhole && !wasWhole) {
            context.keys.begin(
                key, at: position, nextOrdinal: context.rows.nextOrdinal, isWhole: isWhole)
        }
        context.rows.forget()
        context.keys.forgetCurrent()
    }

    /// A row of `row_field`.
    private struct FollowedField {
        var since: Int64
        var isSharedKey: Bool
        var isWholeHistory: Bool
    }

    private func followed(by integration: String) throws -> [ExactText: FollowedField] {
        let row = try RowStatement(
            database,
            """
            SELECT name, since, is_shared_key, is_whole_history FROM row_field
            WHERE integration = CAST(? AS TEXT)
            """)
        defer { row.reset() }
        var fields: [ExactText: FollowedField] = [:]
        try Array(integration.utf8).withUnsafeBytes { integration in
            row.bind(0, integration)
            while try row.next() {
                fields[ExactText(String(decoding: row.bytes(0), as: UTF8.self))] = FollowedField(
                    since: row.number(1), isSharedKey: row.number(2) != 0,
                    isWholeHistory: row.number(3) != 0)
            }
        }
        return fields
    }

    private func store(
        _ field: FollowedField, _ name: ExactText, of integration: String
    ) throws {
        let row = try RowStatement(
            database,
            """
            INSERT INTO row_field (integration, name, since, is_shared_key, is_whole_history)
            VALUES (CAST(? AS TEXT), ?, ?, ?, ?)
            """)
        try Array(integration.utf8).withUnsafeBytes { integration in
            try Array(name.text.utf8).withUnsafeBytes { name in
                row.bind(0, integration)
                row.bind(1, name)
                row.bind(2, field.since)
                row.bind(3, field.isSharedKey ? 1 : 0)
                row.bind(4, field.isWholeHistory ? 1 : 0)
                try row.run()
            }
        }
    }
}
