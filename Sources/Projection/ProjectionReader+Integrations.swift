internal import GRDB
package import SegmentModel

extension ProjectionReader {
    /// Integrations of the configuration in force, by name.
    package func integrations() throws -> [IntegrationRow] {
        try integrationRows(name: nil)
    }

    package func integration(_ name: String) throws -> IntegrationRow? {
        try integrationRows(name: name).first
    }

    /// The integration's lanes, left ones too, by segment.
    package func lanes(of integration: String) throws -> [LaneRow] {
        try values(
            "SELECT * FROM lane WHERE integration = ? ORDER BY segment_id", [integration]
        ) { laneRow($0, of: integration) }
    }

    package func lane(_ key: LaneKey) throws -> LaneRow? {
        try rows(
            "SELECT * FROM lane WHERE integration = ? AND segment_id = ?",
            [key.integration, key.segment.rawValue]
        ).first.map { laneRow($0, of: key.integration) }
    }

    /// The lanes of an integration that these segments have.
    package func lanes(
        of integration: String, segments: Set<SegmentID>
    ) throws -> [LaneRow] {
        try segments.compactMap { try lane(LaneKey(integration: integration, segment: $0)) }
    }

    /// All resyncs of an integration (nil: of all), by position.
    package func resyncs(of integration: String? = nil) throws -> [ResyncRow] {
        try rows(
            """
            SELECT * FROM resync WHERE ?1 IS NULL OR integration = ?1 ORDER BY request
            """, [integration]
        ).map(resyncRow)
    }

    /// Resyncs that are not finished, and those that were cancelled for lanes that no later one
    /// was done of, by position.
    package func unsettledResyncs(of integration: String) throws -> [ResyncRow] {
        try rows(
            """
            SELECT * FROM resync WHERE integration = ?1 AND (outcome IS NULL OR EXISTS (
                SELECT 1 FROM resync_segment s JOIN lane l
                    ON l.integration = ?1 AND l.segment_id = s.segment_id
                WHERE s.request = resync.request AND s.outcome = 'cancelled'
                    AND l.last_resync < s.request)) ORDER BY request
            """, [integration]
        ).map(resyncRow)
    }

    /// The resync that was requested at a position.
    package func resync(_ request: Position) throws -> ResyncRow? {
        try rows("SELECT * FROM resync WHERE request = ?", [Int64(clamping: request.rawValue)])
            .first.map(resyncRow)
    }

    /// What the integration did from the minute of `from` to that of `to`, both included; nil: no
    /// bound.
    package func statistics(
        of integration: String, from: Timestamp?, to: Timestamp?
    ) throws -> Statistics {
        var statistics = Statistics()
        let found = try rows(
            """
            SELECT * FROM statistic
            WHERE integration = ? AND minute BETWEEN ? AND ? ORDER BY minute, query
            """, [integration, from?.minute ?? Int64.min, to?.minute ?? Int64.max])
        for row in found {
            var counts = Statistics.Counts()
            counts.successfulQueries = row["successful_queries"]
            counts.failedQueries = row["failed_queries"]
            counts.profiles = row["profiles"]
            counts.rows = row["row_count"]
            statistics.add(
                counts, minute: row["minute"], query: QueryKind(rawValue: row["query"]))
        }
        return statistics
    }

    /// The integration's failed deliveries, the newest first.
    package func deliveryErrors(of integration: String, limit: Int) throws -> [DeliveryErrorRow] {
        try rows(
            "SELECT * FROM delivery_error WHERE integration = ? ORDER BY position DESC LIMIT ?",
            [integration, limit]
        ).map {
            DeliveryErrorRow(
                position: position($0["position"]),
                lane: LaneKey(
                    integration: $0["integration"], segment: SegmentID(rawValue: $0["segment_id"])),
                time: Timestamp(rawValue: $0["time"]),
                query: ($0["query"] as String?).flatMap(QueryKind.init(rawValue:)),
                firstPosition: position($0["first_position"]),
                lastPosition: position($0["last_position"]), attempt: $0["attempt"],
                code: $0["code"], targetCode: $0["target_code"], message: $0["message"],
                hint: $0["hint"])
        }
    }

    private func integrationRows(name: String?) throws -> [IntegrationRow] {
        try rows(
            "SELECT * FROM integration WHERE ?1 IS NULL OR name = ?1 ORDER BY name", [name]
        ).map { row in
            let stop = timestamp(row["stopped_at"]).map { time in
                IntegrationRow.Stop(
                    code: row["stopped_code"], targetCode: row["stopped_target_code"],
                    message: row["stopped_message"],
                    hint: row["stopped_hint"], time: time)
            }
            return IntegrationRow(
                name: row["name"], firstPosition: position(row["first_position"]),
                isActive: row["is_active"], stop: stop,
                grade: (row["grade"] as String?).flatMap(DeliveryGrade.init(rawValue:)),
                gradeReason: row["grade_reason"],
                lastSuccessAt: timestamp(row["last_success_at"]),
                lastErrorAt: timestamp(row["last_error_at"]),
                lastErrorMessage: row["last_error_message"])
        }
    }

    private func laneRow(_ row: Row, of integration: String) -> LaneRow {
        let key = LaneKey(
            integration: integration, segment: SegmentID(rawValue: row["segment_id"]))
        return LaneRow(
            key: key,
            epoch: row["epoch"],
            cursor: LaneCursor(
                position: optionalPosition(row["position"]), profileCount: row["profile_count"]),
            fingerprint: (row["fingerprint"] as String?).flatMap(Fingerprint.init(_:)),
            successfulQueryCount: row["successful_queries"],
            lastResync: optionalPosition(row["last_resync"]),
            pendingResync: optionalPosition(row["pending_resync"]),
            started: started(row, key), hasLeft: row["has_left"],
            failing: optionalPosition(row["failing"]), unfilled: optionalPosition(row["unfilled"]))
    }

    private func started(_ row: Row, _ lane: LaneKey) -> DeliveryStart? {
        guard (row["started_position"] as Int64) > -2 else { return nil }
        return DeliveryStart(
            lane: lane,
            cursor: LaneCursor(
                position: optionalPosition(row["started_position"]),
                profileCount: row["started_profile_count"]),
            size: (row["started_size"] as Int) == 0 ? nil : row["started_size"],
            parked: optionalPosition(row["started_parked"]))
    }

    private func resyncRow(_ row: Row) throws -> ResyncRow {
        let request: Int64 = row["request"]
        let segments = try rows(
            """
            SELECT segment_id, outcome FROM resync_segment WHERE request = ? ORDER BY segment_id
            """, [request])
        let ends = segments.compactMap { row in
            (row[1] as String?).flatMap(ResyncResult.Outcome.init(rawValue:)).map {
                (SegmentID(rawValue: row[0]), $0)
            }
        }
        guard let reason = ResyncRequest.Reason(rawValue: row["reason"]) else {
            throw Failure(
                .formatUnknown, "the projections hold a resync of an unknown kind",
                hint: Failure.rebuildHint)
        }
        return ResyncRow(
            position: position(request),
            request: ResyncRequest(
                integration: row["integration"],
                segments: segments.map { SegmentID(rawValue: $0[0]) }, reason: reason,
                pin: optionalPosition(row["pin"]),
                resume: optionalPosition(row["resume_position"])),
            ends: Dictionary(uniqueKeysWithValues: ends),
            outcome: (row["outcome"] as String?).flatMap(ResyncResult.Outcome.init(rawValue:)),
            errorCode: row["error_code"], errorMessage: row["error_message"],
            requestedAt: Timestamp(rawValue: row["requested_at"]),
            finishedAt: timestamp(row["finished_at"]))
    }
}
