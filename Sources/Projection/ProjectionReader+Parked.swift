internal import GRDB
package import SegmentModel

extension ProjectionReader {
    /// What is set aside of an integration's changes, in the order in which it would be tried:
    /// by segment, profile and event.
    package func parked(of integration: String, limit: Int = .max) throws -> [ParkedRow] {
        try parkedRows(
            """
            integration = ? ORDER BY segment_id, profile, event_position LIMIT ?
            """, [integration, limit])
    }

    /// What is set aside at a lane.
    package func parked(at lane: LaneKey) throws -> [ParkedRow] {
        try parkedRows(
            "integration = ? AND segment_id = ? ORDER BY profile, event_position",
            [lane.integration, lane.segment.rawValue])
    }

    /// Lanes of an integration at which something is to be tried again, by segment.
    package func lanesWithDueChanges(of integration: String) throws -> [SegmentID] {
        try rows(
            """
            SELECT DISTINCT segment_id FROM parked WHERE integration = ? AND due >= 0
            ORDER BY segment_id
            """, [integration]
        ).map { SegmentID(rawValue: $0[0]) }
    }

    /// Lanes of an integration at which something is set aside, by segment.
    package func lanesWithParkedChanges(of integration: String) throws -> [SegmentID] {
        try rows(
            "SELECT DISTINCT segment_id FROM parked WHERE integration = ? ORDER BY segment_id",
            [integration]
        ).map { SegmentID(rawValue: $0[0]) }
    }

    /// How many changes of an integration are set aside, and how many of these are refused.
    package func parkedCount(of integration: String) throws -> (all: Int, refused: Int) {
        let row = try rows(
            """
            SELECT count(*), count(*) FILTER (WHERE reason = 'refused') FROM parked
            WHERE integration = ?
            """, [integration]
        )[0]
        return (row[0], row[1])
    }

    private func parkedRows(
        _ condition: String, _ arguments: StatementArguments
    ) throws -> [ParkedRow] {
        try rows("SELECT * FROM parked WHERE \(condition)", arguments).map { row in
            guard let query = QueryKind(rawValue: row["query"]),
                let reason = ParkedChange.Reason(rawValue: row["reason"])
            else {
                throw Failure(
                    .formatUnknown, "the projections hold a parked change of an unknown kind",
                    hint: Failure.rebuildHint)
            }
            return ParkedRow(
                position: position(row["position"]),
                change: ParkedChange(
                    lane: LaneKey(
                        integration: row["integration"],
                        segment: SegmentID(rawValue: row["segment_id"])),
                    profile: ProfileOrdinal(row["profile"]),
                    position: position(row["event_position"]), query: query, reason: reason,
                    attempt: row["attempt"], errorCode: row["code"],
                    targetCode: row["target_code"], errorMessage: row["message"],
                    errorHint: row["hint"]),
                time: Timestamp(rawValue: row["time"]), due: optionalPosition(row["due"]))
        }
    }
}
