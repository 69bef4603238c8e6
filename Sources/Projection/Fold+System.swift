internal import FrameCodec
internal import GRDB
internal import SegmentModel

extension Fold {
    func foldSystemEvent(
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
            try execute(
                """
                UPDATE integration SET
                    is_active = 1, stopped_code = NULL, stopped_message = NULL,
                    stopped_hint = NULL, stopped_at = NULL
                WHERE name = ?
                """, [try frame.withBody(event, decoder.integrationName)])
        case .deliveryRecorded:
            let receipt = try frame.withBody(event, decoder.receipt)
            try foldReceipt(
                receipt, at: position, time: event.time, minute: event.recordedAt.minute)
        case .resyncRequested:
            let request = try frame.withBody(event, decoder.resyncRequest)
            try foldRequest(request, at: position, time: event.time)
        case .resyncFinished:
            let result = try frame.withBody(event, decoder.resyncResult)
            try foldResult(result, time: event.time)
        case .laneLeft:
            let lane = try frame.withBody(event, decoder.lane)
            try createLane(lane)
            try execute(
                "UPDATE lane SET has_left = 1 WHERE integration = ? AND segment_id = ?",
                [lane.integration, lane.segment.rawValue])
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
        }
        for setting in changes.set {
            try execute(
                """
                INSERT INTO integration (name, first_position, is_active) VALUES (?, ?, ?)
                ON CONFLICT DO UPDATE SET
                    is_active = excluded.is_active, stopped_code = NULL, stopped_message = NULL,
                    stopped_hint = NULL, stopped_at = NULL
                """, [setting.name, Int64(position.rawValue), setting.isActive])
        }
    }

    /// Its lanes keep their rows, as left: their epochs still count in the target.
    private func removeIntegration(_ name: String, time: Timestamp) throws {
        try execute("DELETE FROM integration WHERE name = ?", [name])
        try execute(
            "UPDATE lane SET has_left = 1, pending_resync = -1 WHERE integration = ?", [name])
        try execute(
            """
            UPDATE resync SET outcome = 'cancelled', finished_at = ?
            WHERE integration = ? AND outcome IS NULL
            """, [time.rawValue, name])
    }

    private func foldReceipt(
        _ receipt: Receipt, at position: Position, time: Timestamp, minute: Int64
    ) throws {
        let isDelivered = receipt.outcome == .delivered
        if isDelivered {
            // Only a delivery makes a lane: a failure before the first one leaves it to be filled.
            try createLane(receipt.lane)
            try execute(
                """
                UPDATE lane SET epoch = ?, position = ?, profile_count = ?
                WHERE integration = ? AND segment_id = ?
                """,
                [
                    receipt.epoch, stored(receipt.cursor.position), receipt.cursor.profileCount,
                    receipt.lane.integration, receipt.lane.segment.rawValue,
                ])
        }
        try execute(
            """
            UPDATE lane SET successful_queries = successful_queries + ?
            WHERE integration = ? AND segment_id = ?
            """,
            [
                receipt.successfulQueryCount, receipt.lane.integration,
                receipt.lane.segment.rawValue,
            ])
        try countReceipt(receipt, minute: minute)
        if isDelivered {
            try execute(
                "UPDATE integration SET last_success_at = ? WHERE name = ?",
                [time.rawValue, receipt.lane.integration])
        } else {
            try recordError(receipt, at: position, time: time)
        }
    }

    /// Profiles and rows count where the target committed them.
    private func countReceipt(_ receipt: Receipt, minute: Int64) throws {
        let isDelivered = receipt.outcome == .delivered
        let profileCount = isDelivered ? receipt.profileCount : 0
        let rowCount = isDelivered ? receipt.rowCount ?? 0 : 0
        let counts = [
            receipt.successfulQueryCount, receipt.failedQueryCount, profileCount, rowCount,
        ]
        if counts.allSatisfy({ $0 == 0 }) { return }
        try execute(
            """
            INSERT INTO statistic (
                integration, minute, query, successful_queries, failed_queries, profiles, row_count
            ) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET
                successful_queries = successful_queries + excluded.successful_queries,
                failed_queries = failed_queries + excluded.failed_queries,
                profiles = profiles + excluded.profiles,
                row_count = row_count + excluded.row_count
            """,
            [receipt.lane.integration, minute, receipt.query?.rawValue ?? ""]
                + StatementArguments(counts))
    }

    private func recordError(
        _ receipt: Receipt, at position: Position, time: Timestamp
    ) throws {
        try execute(
            """
            INSERT INTO delivery_error (
                position, integration, segment_id, time, query, first_position, last_position,
                attempt, code, target_code, message, hint
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                Int64(position.rawValue), receipt.lane.integration,
                receipt.lane.segment.rawValue, time.rawValue, receipt.query?.rawValue,
                Int64(receipt.firstPosition.rawValue), Int64(receipt.lastPosition.rawValue),
                receipt.attempt, receipt.errorCode, receipt.targetCode, receipt.errorMessage,
                receipt.errorHint,
            ])
        try execute(
            "UPDATE integration SET last_error_at = ?, last_error_message = ? WHERE name = ?",
            [time.rawValue, receipt.errorMessage, receipt.lane.integration])
        guard receipt.outcome == .stopped else { return }
        try execute(
            """
            UPDATE integration SET
                stopped_code = ?, stopped_message = ?, stopped_hint = ?, stopped_at = ?
            WHERE name = ?
            """,
            [
                receipt.errorCode, receipt.errorMessage, receipt.errorHint, time.rawValue,
                receipt.lane.integration,
            ])
    }

    private func foldRequest(
        _ request: ResyncRequest, at position: Position, time: Timestamp
    ) throws {
        try execute(
            """
            INSERT INTO resync (
                request, integration, reason, pin, resume_position, requested_at
            ) VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
                Int64(position.rawValue), request.integration, request.reason.rawValue,
                stored(request.pin), stored(request.resume), time.rawValue,
            ])
        for segment in Set(request.segments).sorted() {
            try execute(
                "INSERT INTO resync_segment (request, segment_id) VALUES (?, ?)",
                [Int64(position.rawValue), segment.rawValue])
            try createLane(LaneKey(integration: request.integration, segment: segment))
            try execute(
                """
                UPDATE lane SET pending_resync = ?, has_left = 0
                WHERE integration = ? AND segment_id = ?
                """, [Int64(position.rawValue), request.integration, segment.rawValue])
        }
    }

    /// A lane that a later request took over stays pending.
    private func foldResult(_ result: ResyncResult, time: Timestamp) throws {
        let request = Int64(result.request.rawValue)
        try execute(
            """
            UPDATE resync SET outcome = ?, error_code = ?, error_message = ?, finished_at = ?
            WHERE request = ? AND outcome IS NULL
            """,
            [
                result.outcome.rawValue, result.errorCode, result.errorMessage, time.rawValue,
                request,
            ])
        if result.outcome == .done {
            try execute(
                """
                UPDATE lane SET last_resync = ?1 WHERE integration = ?2
                AND segment_id IN (SELECT segment_id FROM resync_segment WHERE request = ?1)
                """, [request, result.integration])
        }
        try execute(
            "UPDATE lane SET pending_resync = -1 WHERE integration = ? AND pending_resync = ?",
            [result.integration, request])
    }

    private func createLane(_ lane: LaneKey) throws {
        try execute(
            """
            INSERT INTO lane (
                integration, segment_id, epoch, position, profile_count, successful_queries,
                last_resync, pending_resync, has_left
            ) VALUES (?, ?, 0, -1, 0, 0, -1, -1, 0)
            ON CONFLICT DO NOTHING
            """, [lane.integration, lane.segment.rawValue])
    }

    private func stored(_ position: Position?) -> Int64 {
        position.map { Int64($0.rawValue) } ?? -1
    }
}
