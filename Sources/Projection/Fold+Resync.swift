internal import GRDB
internal import SegmentModel

/// Resyncs, from their requests to the ends of their segments.
///
/// | a lane's rebuild | and its rows were its own | and they were not |
/// |---|---|---|
/// | is done | it goes on from the pin | it goes on from the pin |
/// | failed, or was cancelled | it goes on from where it stood | it waits: `unfilled`, as left |
extension Fold {
    func foldRequest(
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
                Self.stored(request.pin), Self.stored(request.resume), time.rawValue,
            ])
        for segment in Set(request.segments).sorted() {
            try execute(
                "INSERT INTO resync_segment (request, segment_id) VALUES (?, ?)",
                [Int64(position.rawValue), segment.rawValue])
            let lane = LaneKey(integration: request.integration, segment: segment)
            let isNew = try createLane(lane)
            try execute(
                """
                UPDATE lane SET
                    unfilled = CASE WHEN has_left OR ?4 OR unfilled > -1 THEN ?1 ELSE -1 END,
                    pending_resync = ?1, has_left = 0
                WHERE integration = ?2 AND segment_id = ?3
                """,
                [
                    Int64(position.rawValue), request.integration, segment.rawValue, isNew,
                ])
        }
    }

    /// A segment ends once; one whose rebuild was cancelled may turn out to be done. A lane that a
    /// later request took over stays pending.
    func foldResult(_ result: ResyncResult, time: Timestamp) throws {
        let request = Int64(clamping: result.request.rawValue)
        let left = try segments(ofRequest: request, ending: result.outcome)
        let ended = result.segments.map { left.intersection($0) } ?? left
        for segment in ended.sorted() {
            try execute(
                "UPDATE resync_segment SET outcome = ? WHERE request = ? AND segment_id = ?",
                [result.outcome.rawValue, request, segment.rawValue])
            try foldEnd(
                of: LaneKey(integration: result.integration, segment: segment), request,
                isDone: result.outcome == .done)
        }
        if result.outcome == .failed, !ended.isEmpty {
            try execute(
                """
                UPDATE resync SET error_code = ?, error_message = ?
                WHERE request = ? AND error_message IS NULL
                """, [result.errorCode, result.errorMessage, request])
        }
        try foldOutcome(ofRequest: request, time: time)
    }

    private func segments(
        ofRequest request: Int64, ending outcome: ResyncResult.Outcome
    ) throws -> Set<SegmentID> {
        try Set(
            Int64.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT segment_id FROM resync_segment
                        WHERE request = ?1 AND (outcome IS NULL OR (?2 AND outcome = 'cancelled'))
                        """), arguments: [request, outcome == .done]
            ).map { SegmentID(rawValue: $0) })
    }

    private func foldEnd(of lane: LaneKey, _ request: Int64, isDone: Bool) throws {
        let key: StatementArguments = [request, lane.integration, lane.segment.rawValue]
        if isDone {
            // What was set aside before is in the rebuilt table, or no longer due.
            try execute(
                """
                DELETE FROM parked
                WHERE position < ?1 AND integration = ?2 AND segment_id = ?3
                """, key)
            try execute(
                """
                UPDATE lane SET last_resync = ?1, has_left = CASE
                        WHEN pending_resync IN (-1, ?1) AND unfilled > -1 THEN 0 ELSE has_left END,
                    unfilled = CASE WHEN pending_resync IN (-1, ?1) THEN -1 ELSE unfilled END
                WHERE integration = ?2 AND segment_id = ?3
                """, key)
        } else {
            try execute(
                """
                UPDATE lane SET has_left = 1
                WHERE pending_resync = ?1 AND unfilled > -1
                    AND integration = ?2 AND segment_id = ?3
                """, key)
        }
        try execute(
            """
            UPDATE lane SET pending_resync = -1
            WHERE pending_resync = ?1 AND integration = ?2 AND segment_id = ?3
            """, key)
    }

    /// Of the whole, once all of its segments have ended: the worst of theirs.
    private func foldOutcome(ofRequest request: Int64, time: Timestamp) throws {
        try execute(
            """
            UPDATE resync SET finished_at = ?2, outcome = (
                SELECT CASE WHEN max(outcome = 'failed') THEN 'failed'
                    WHEN max(outcome = 'cancelled') THEN 'cancelled' ELSE 'done' END
                FROM resync_segment WHERE request = ?1)
            WHERE request = ?1 AND NOT EXISTS (
                SELECT 1 FROM resync_segment WHERE request = ?1 AND outcome IS NULL)
            """, [request, time.rawValue])
    }

    /// Lanes whose fill failed or was cancelled are to be filled again.
    func foldRetriedFills(_ integration: String) throws {
        try execute(
            """
            UPDATE lane SET unfilled = -1
            WHERE integration = ? AND unfilled > -1 AND pending_resync = -1
            """, [integration])
    }

    func foldCancelledRequests(of integration: String, time: Timestamp) throws {
        let requests = try Int64.fetchAll(
            database.cachedStatement(
                sql: "SELECT request FROM resync WHERE integration = ? AND outcome IS NULL"),
            arguments: [integration])
        for request in requests {
            try execute(
                """
                UPDATE resync_segment SET outcome = 'cancelled'
                WHERE request = ? AND outcome IS NULL
                """, [request])
            try foldOutcome(ofRequest: request, time: time)
        }
    }
}
