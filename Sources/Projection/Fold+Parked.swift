internal import GRDB
internal import SegmentModel

/// What is set aside. A profile's changes of a lane are due together or wait together, the refused
/// ones before those that they hold.
extension Fold {
    func foldParked(_ change: ParkedChange, at position: Position, time: Timestamp) throws {
        let lane: StatementArguments = [
            change.lane.integration, change.lane.segment.rawValue, change.profile.rawValue,
        ]
        // Tried again in vain: it keeps its place among the profile's changes.
        try execute(
            """
            DELETE FROM parked
            WHERE integration = ? AND segment_id = ? AND profile = ? AND event_position = ?
            """, lane + [Self.stored(change.position)])
        var due: Int64 = -1
        switch change.reason {
        case .refused:
            try execute(
                """
                UPDATE parked SET due = -1
                WHERE integration = ? AND segment_id = ? AND profile = ?
                """, lane)
        case .held:
            due =
                try Int64.fetchOne(
                    database.cachedStatement(
                        sql: """
                            SELECT min(due) FROM parked
                            WHERE integration = ? AND segment_id = ? AND profile = ?
                            """), arguments: lane) ?? -1
        }
        try execute(
            """
            INSERT INTO parked (
                position, integration, segment_id, profile, event_position, query, reason,
                attempt, time, due, code, target_code, message, hint
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [Self.stored(position)] + lane + [
                Self.stored(change.position), change.query.rawValue, change.reason.rawValue,
                change.attempt, time.rawValue, due, change.errorCode, change.targetCode,
                change.errorMessage, change.errorHint,
            ])
    }

    func foldRedrive(_ selection: ParkedSelection, at position: Position) throws {
        let (condition, arguments) = Self.condition(selection)
        try execute(
            "UPDATE parked SET due = ? WHERE \(condition)", [Self.stored(position)] + arguments)
    }

    /// What the target refuses is given up; what it held goes on.
    func foldDiscard(_ selection: ParkedSelection, at position: Position) throws {
        let (condition, arguments) = Self.condition(selection)
        try execute("DELETE FROM parked WHERE reason = 'refused' AND \(condition)", arguments)
        try execute(
            "UPDATE parked SET due = ? WHERE \(condition)", [Self.stored(position)] + arguments)
    }

    private static func condition(
        _ selection: ParkedSelection
    ) -> (sql: String, arguments: StatementArguments) {
        var sql = "integration = ?"
        var arguments: StatementArguments = [selection.integration]
        if let segment = selection.segment {
            sql += " AND segment_id = ?"
            arguments += [segment.rawValue]
        }
        if let profile = selection.profile {
            sql += " AND profile = ?"
            arguments += [profile.rawValue]
        }
        return (sql, arguments)
    }

    /// A delivery settles what it tried again, and a cleared segment what was set aside before.
    static func settleParked(_ receipt: Receipt, _ database: Database) throws {
        if let parked = receipt.parked {
            try database.cachedStatement(sql: "DELETE FROM parked WHERE position = ?")
                .execute(arguments: [stored(parked)])
        } else if receipt.query == .clearSegment || receipt.query == .deleteSegment {
            try database.cachedStatement(
                sql: """
                    DELETE FROM parked
                    WHERE integration = ? AND segment_id = ? AND event_position < ?
                    """
            ).execute(arguments: [
                receipt.lane.integration, receipt.lane.segment.rawValue,
                stored(receipt.firstPosition),
            ])
        }
    }
}
