internal import FrameCodec
internal import GRDB
internal import SegmentModel

extension Fold {
    func foldSystemEvent(
        _ event: Frame.Event, at position: Position, of frame: Frame
    ) throws {
        if event.kind == .deliveryRecorded {
            try context.totals.add(
                frame.withBody(event, decoder.receipt), at: position, time: event.time,
                minute: event.recordedAt.minute, database)
        } else {
            // What follows is rare, and changes rows that receipts change too.
            try context.totals.store(database)
            try foldRareEvent(event, at: position, of: frame)
        }
    }

    private func foldRareEvent(
        _ event: Frame.Event, at position: Position, of frame: Frame
    ) throws {
        switch event.kind {
        case .configurationApplied:
            try foldConfiguration(event, at: position, of: frame)
        case .integrationPaused:
            try execute(
                "UPDATE integration SET is_active = 0 WHERE name = ?",
                [try frame.withBody(event, decoder.integrationName)])
        case .integrationResumed:
            let name = try frame.withBody(event, decoder.integrationName)
            try execute(
                """
                UPDATE integration SET
                    is_active = 1, stopped_code = NULL, stopped_target_code = NULL,
                    stopped_message = NULL, stopped_hint = NULL, stopped_at = NULL
                WHERE name = ?
                """, [name])
            try foldRetriedFills(name)
        case .resyncRequested:
            let request = try frame.withBody(event, decoder.resyncRequest)
            try foldRequest(request, at: position, time: event.time)
        case .resyncFinished:
            let result = try frame.withBody(event, decoder.resyncResult)
            try foldResult(result, time: event.time)
        case .laneLeft:
            try foldLeft(try frame.withBody(event, decoder.lane))
        case .changeParked:
            try foldParked(
                try frame.withBody(event, decoder.parkedChange), at: position, time: event.time)
        case .redriveRequested:
            try foldRedrive(try frame.withBody(event, decoder.parkedSelection), at: position)
        case .parkedDiscarded:
            try foldDiscard(try frame.withBody(event, decoder.parkedSelection), at: position)
        case .deliveryStarted:
            try foldStart(try frame.withBody(event, decoder.deliveryStart))
        case .laneAdopted:
            try foldAdoption(try frame.withBody(event, decoder.adoption))
        case .gradeRecorded:
            let record = try frame.withBody(event, decoder.grade)
            try execute(
                "UPDATE integration SET grade = ?, grade_reason = ? WHERE name = ?",
                [record.grade.rawValue, record.reason, record.integration])
        default:
            preconditionFailure("\(event.kind.name) is no system event")
        }
    }

    private func foldConfiguration(
        _ event: Frame.Event, at position: Position, of frame: Frame
    ) throws {
        try execute(
            "INSERT INTO configuration_change (position, body) VALUES (?, ?)",
            [Int64(position.rawValue), frame.string(event.body)])
        let changes = try frame.withBody(event, decoder.configuration)
        for name in changes.removed {
            try removeIntegration(name, time: event.time)
            try foldRowFields(name, RowFields(), at: position, isNew: true)
        }
        for setting in changes.set {
            let isNew =
                try Row.fetchOne(
                    database.cachedStatement(sql: "SELECT 1 FROM integration WHERE name = ?"),
                    arguments: [setting.name]) == nil
            try execute(
                """
                INSERT INTO integration (name, first_position, is_active)
                VALUES (?1, ?2, COALESCE(?3, 1))
                ON CONFLICT DO UPDATE SET
                    is_active = COALESCE(?3, is_active), stopped_code = NULL,
                    stopped_target_code = NULL,
                    stopped_message = NULL, stopped_hint = NULL, stopped_at = NULL
                """, [setting.name, Int64(position.rawValue), setting.isActive])
            try foldRetriedFills(setting.name)
            try foldRowFields(setting.name, setting.fields, at: position, isNew: isNew)
        }
    }

    /// Its lanes keep their rows, as left: their epochs still count in the target.
    private func removeIntegration(_ name: String, time: Timestamp) throws {
        try execute("DELETE FROM integration WHERE name = ?", [name])
        try execute("DELETE FROM parked WHERE integration = ?", [name])
        try foldCancelledRequests(of: name, time: time)
        try execute(
            """
            UPDATE lane SET has_left = 1, pending_resync = -1, unfilled = -1
            WHERE integration = ?
            """, [name])
    }

    private func foldLeft(_ lane: LaneKey) throws {
        try createLane(lane)
        try execute(
            "UPDATE lane SET has_left = 1 WHERE integration = ? AND segment_id = ?",
            [lane.integration, lane.segment.rawValue])
        try execute(
            "DELETE FROM parked WHERE integration = ? AND segment_id = ?",
            [lane.integration, lane.segment.rawValue])
    }

    private func foldStart(_ start: DeliveryStart) throws {
        try createLane(start.lane)
        try execute(
            """
            UPDATE lane
            SET started_position = ?, started_profile_count = ?, started_size = ?,
                started_parked = ?
            WHERE integration = ? AND segment_id = ?
            """,
            [
                Self.stored(start.cursor.position), start.cursor.profileCount,
                start.size ?? 0,
                Self.stored(start.parked),
                start.lane.integration, start.lane.segment.rawValue,
            ])
    }

    /// - Returns: whether there was none.
    @discardableResult
    func createLane(_ lane: LaneKey) throws -> Bool {
        try execute(
            """
            INSERT INTO lane (
                integration, segment_id, epoch, position, profile_count, successful_queries,
                last_resync, pending_resync, has_left
            ) VALUES (?, ?, 0, -1, 0, 0, -1, -1, 0)
            ON CONFLICT DO NOTHING
            """, [lane.integration, lane.segment.rawValue])
        return database.changesCount > 0
    }

    func execute(_ sql: String, _ arguments: StatementArguments) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    /// A position as a row has it; -1 for none.
    static func stored(_ position: Position?) -> Int64 {
        position.map { Int64(clamping: $0.rawValue) } ?? -1
    }
}
