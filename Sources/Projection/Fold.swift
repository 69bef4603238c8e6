internal import FrameCodec
internal import GRDB
internal import SegmentModel

/// One transaction of the writer: takes frames at the checkpoint and moves it behind them.
struct Fold {
    let context: FoldContext
    let database: Database

    var decoder: SystemEventDecoder { context.decoder }

    /// Returns the new checkpoint.
    func run(_ frames: [Frame]) throws -> Position {
        var next = try ProjectionReader(database).checkpoint()
        if context.membershipsPosition != next {
            context.memberships.forget()
        }
        context.membershipsPosition = nil
        var recordedAt: Timestamp?
        for frame in frames where frame.endPosition > next {
            guard frame.firstPosition <= next else {
                throw Failure(
                    .projectionInvalid,
                    "the projections stand at position \(next), the events given begin at"
                        + " \(frame.firstPosition)",
                    hint: Failure.rebuildHint)
            }
            let skipCount = Int(next.rawValue - frame.firstPosition.rawValue)
            for index in skipCount..<frame.events.count {
                try foldEvent(frame, index)
            }
            next = frame.endPosition
            recordedAt = frame.recordedAt
        }
        try context.memberships.store(database)
        if let recordedAt {
            try execute(
                "UPDATE checkpoint SET position = ?, recorded_at = ?",
                [Int64(next.rawValue), recordedAt.rawValue])
        }
        context.membershipsPosition = next
        return next
    }

    func execute(_ sql: String, _ arguments: StatementArguments) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    private func foldEvent(_ frame: Frame, _ index: Int) throws {
        let event = frame.events[index]
        let position = frame.firstPosition.advanced(by: index)
        if event.kind.isSystem {
            try foldSystemEvent(event, at: position, of: frame)
            return
        }
        if event.kind.hasSegment {
            try touchSegment(event, at: position)
        }
        switch event.kind {
        case .segmentCreated, .segmentUpdated:
            let description = try frame.withBody(event, decoder.description)
            try describeSegment(event.segment, description)
        case .profilesAdded:
            try context.memberships.insert(
                frame.ordinals[event.ordinalRange], into: event.segment, database)
        case .profilesRemoved:
            try context.memberships.remove(
                frame.ordinals[event.ordinalRange], from: event.segment, database)
        case .segmentCleared, .segmentDeleted:
            context.memberships.clear(event.segment)
        default:
            break
        }
        try foldFields(event, at: position, of: frame)
    }

    /// Creates the segment or revives it, and notes that an event spoke of it.
    private func touchSegment(_ event: Frame.Event, at position: Position) throws {
        let deleted = event.kind == .segmentDeleted ? Int64(position.rawValue) : nil
        try execute(
            """
            INSERT INTO segment (
                id, name, first_position, last_position, created_at, updated_at,
                deleted_position, member_count
            ) VALUES (?1, '', ?2, ?2, ?3, ?3, ?4, 0)
            ON CONFLICT (id) DO UPDATE SET
                last_position = excluded.last_position, updated_at = excluded.updated_at,
                deleted_position = excluded.deleted_position
            """,
            [event.segment.rawValue, Int64(position.rawValue), event.time.rawValue, deleted])
    }

    /// Takes over what the description says and keeps the rest.
    private func describeSegment(
        _ segment: SegmentID, _ description: SegmentDescription
    ) throws {
        try execute(
            """
            UPDATE segment SET
                name = coalesce(?2, name), database_id = coalesce(?3, database_id)
            WHERE id = ?1
            """, [segment.rawValue, description.name, description.databaseID])
        try replaceLabels(of: segment, kind: "tag", description.tagsGiven)
        try replaceLabels(of: segment, kind: "group", description.groupsGiven)
    }

    private func replaceLabels(of segment: SegmentID, kind: String, _ labels: [String]?) throws {
        guard let labels else { return }
        try execute(
            "DELETE FROM segment_label WHERE segment_id = ? AND kind = ?",
            [segment.rawValue, kind])
        for (place, label) in labels.enumerated() {
            try execute(
                "INSERT INTO segment_label (segment_id, kind, place, label) VALUES (?, ?, ?, ?)",
                [segment.rawValue, kind, place, label])
        }
    }

    private func foldFields(
        _ event: Frame.Event, at position: Position, of frame: Frame
    ) throws {
        for record in frame.records[event.recordRange] where record.changeCount > 0 {
            var fields = try fieldsBefore(position, of: record.ordinal)
            for change in frame.changes[record.changeRange] {
                fields.apply(change, value: frame.bytes[change.value.range])
            }
            try execute(
                """
                INSERT INTO profile_fields (ordinal, position, fields) VALUES (?, ?, ?)
                ON CONFLICT DO UPDATE SET fields = excluded.fields
                """,
                [Int64(record.ordinal), Int64(position.rawValue), blob(fields.encoded)])
        }
    }

    /// Includes what an earlier record of the event at `position` said.
    private func fieldsBefore(_ position: Position, of ordinal: UInt32) throws -> FieldSet {
        var fields = FieldSet()
        try ProjectionReader(database).withFieldBytes(
            of: ProfileOrdinal(ordinal), asOf: position
        ) { fields = try FieldSet(decoding: $0) }
        return fields
    }
}

extension Frame {
    /// Calls `body` with the event's JSON body, without a copy.
    func withBody<Result>(
        _ event: Event, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try bytes.withUnsafeBytes {
            try body(UnsafeRawBufferPointer(rebasing: $0[event.body.range]))
        }
    }
}
