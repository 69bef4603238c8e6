internal import GRDB
internal import SegmentModel

/// What a transaction's receipts add up to: written once a lane, integration, minute and query,
/// not once a receipt.
///
/// Invariant: nothing but receipts changes those rows between two calls of `store`.
struct ReceiptTotals {
    private struct Lane {
        /// The file has its row.
        var isStored: Bool
        var queryCount = 0
        /// Of the last delivery.
        var delivered: (epoch: Int64, cursor: LaneCursor, fingerprint: Fingerprint?)?
        /// The furthest of all deliveries.
        var reached: LaneCursor?
        /// The position of the last receipt if it says that a try failed, -1 if it does not; nil:
        /// nothing was said.
        var failing: Int64?
        /// No delivery that was started before can be under way any more.
        var hasSettled = false
    }

    private struct Integration {
        var lastSuccess: Timestamp?
        var lastError: (time: Timestamp, message: String?)?
        var stop: (time: Timestamp, receipt: Receipt)?
    }

    private struct CountKey: Hashable {
        var integration: String
        var minute: Int64
        var query: QueryKind?
    }

    /// Totals in memory at most.
    private static let countMax = 16_384

    private var lanes: [LaneKey: Lane] = [:]
    private var integrations: [String: Integration] = [:]
    private var counts: [CountKey: Statistics.Counts] = [:]

    mutating func forget() {
        self = ReceiptTotals()
    }

    /// Takes a receipt in; an error's own row is written at once.
    mutating func add(
        _ receipt: Receipt, at position: Position, time: Timestamp, minute: Int64,
        _ database: Database
    ) throws {
        if lanes.count + counts.count >= Self.countMax { try store(database) }
        let isDelivered = receipt.outcome == .delivered
        try addToLane(receipt, at: position, database)
        count(receipt, minute: minute)
        let name = receipt.lane.integration
        if isDelivered {
            try Fold.settleParked(receipt, database)
            integrations[name, default: Integration()].lastSuccess = time
            return
        }
        try Self.storeError(receipt, at: position, time: time, database)
        integrations[name, default: Integration()].lastError = (time, receipt.errorMessage)
        if receipt.outcome == .stopped {
            integrations[name]?.stop = (time, receipt)
        }
    }

    /// Only a delivery makes a lane: a failure before the first one leaves it to be filled.
    private mutating func addToLane(
        _ receipt: Receipt, at position: Position, _ database: Database
    ) throws {
        let isDelivered = receipt.outcome == .delivered
        if lanes[receipt.lane] == nil {
            let isStored =
                try Int.fetchOne(
                    database.cachedStatement(
                        sql: "SELECT 1 FROM lane WHERE integration = ? AND segment_id = ?"),
                    arguments: [receipt.lane.integration, receipt.lane.segment.rawValue]) != nil
            lanes[receipt.lane] = Lane(isStored: isStored)
        }
        // Rebuilt, or a single change that was refused again: whatever was started is over. A batch
        // that is refused may be the repeat of one whose outcome is not known.
        if isDelivered ? receipt.resync != nil : receipt.parked != nil {
            lanes[receipt.lane]?.hasSettled = true
        }
        if isDelivered {
            lanes[receipt.lane]?.delivered = (
                receipt.epoch, receipt.cursor, receipt.fingerprint
            )
            let reached = lanes[receipt.lane]?.reached ?? receipt.cursor
            lanes[receipt.lane]?.reached = max(reached, receipt.cursor)
        }
        // A change that is refused again stays set aside; the lane itself is well.
        if isDelivered {
            lanes[receipt.lane]?.failing = -1
        } else if receipt.parked == nil {
            lanes[receipt.lane]?.failing = Fold.stored(position)
        }
        if lanes[receipt.lane]?.isStored ?? false || lanes[receipt.lane]?.delivered != nil {
            lanes[receipt.lane]?.queryCount += receipt.successfulQueryCount
        }
    }

    /// Profiles and rows count where the target committed them.
    private mutating func count(_ receipt: Receipt, minute: Int64) {
        let isDelivered = receipt.outcome == .delivered
        var added = Statistics.Counts()
        added.successfulQueries = receipt.successfulQueryCount
        added.failedQueries = receipt.failedQueryCount
        added.profiles = isDelivered ? receipt.profileCount : 0
        added.rows = isDelivered ? receipt.rowCount ?? 0 : 0
        if added == Statistics.Counts() { return }
        let key = CountKey(
            integration: receipt.lane.integration, minute: minute, query: receipt.query)
        counts[key, default: Statistics.Counts()].add(added)
    }

    // MARK: Storing

    /// Writes everything and forgets it.
    mutating func store(_ database: Database) throws {
        for (key, lane) in lanes {
            try Self.store(lane, key, database)
        }
        for (name, integration) in integrations {
            try Self.store(integration, name, database)
        }
        for (key, counts) in counts {
            try Self.store(counts, key, database)
        }
        forget()
    }

    private static func execute(
        _ database: Database, _ sql: String, _ arguments: StatementArguments
    ) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    private static func store(_ lane: Lane, _ key: LaneKey, _ database: Database) throws {
        let arguments: StatementArguments = [key.integration, key.segment.rawValue]
        if let delivered = lane.delivered {
            try execute(
                database,
                """
                INSERT INTO lane (
                    integration, segment_id, epoch, position, profile_count, successful_queries,
                    last_resync, pending_resync, has_left, failing, fingerprint
                ) VALUES (?, ?, ?, ?, ?, ?, -1, -1, 0, ?, ?)
                ON CONFLICT DO UPDATE SET
                    failing = excluded.failing, epoch = excluded.epoch,
                    position = excluded.position, fingerprint = excluded.fingerprint,
                    profile_count = excluded.profile_count,
                    successful_queries = successful_queries + excluded.successful_queries
                """,
                arguments + [
                    delivered.epoch, Fold.stored(delivered.cursor.position),
                    delivered.cursor.profileCount, lane.queryCount, lane.failing ?? -1,
                    delivered.fingerprint?.text,
                ])
        } else if lane.queryCount > 0 || lane.failing != nil {
            try execute(
                database,
                """
                UPDATE lane SET
                    successful_queries = successful_queries + ?3, failing = COALESCE(?4, failing)
                WHERE integration = ?1 AND segment_id = ?2
                """, arguments + [lane.queryCount, lane.failing])
        }
        guard lane.hasSettled || lane.reached != nil else { return }
        // Those that were started may be several.
        try execute(
            database,
            """
            UPDATE lane SET started_position = -2, started_profile_count = 0, started_parked = -1,
                started_size = 0
            WHERE integration = ?1 AND segment_id = ?2 AND started_position > -2
                AND (?3 OR (started_position, started_profile_count) <= (?4, ?5))
            """,
            arguments + [
                lane.hasSettled, Fold.stored(lane.reached?.position),
                lane.reached?.profileCount ?? 0,
            ])
    }

    private static func store(
        _ integration: Integration, _ name: String, _ database: Database
    ) throws {
        if let time = integration.lastSuccess {
            try execute(
                database, "UPDATE integration SET last_success_at = ? WHERE name = ?",
                [time.rawValue, name])
        }
        if let error = integration.lastError {
            try execute(
                database,
                """
                UPDATE integration SET last_error_at = ?, last_error_message = ? WHERE name = ?
                """, [error.time.rawValue, error.message, name])
        }
        if let stop = integration.stop {
            try execute(
                database,
                """
                UPDATE integration SET
                    stopped_code = ?, stopped_target_code = ?, stopped_message = ?,
                    stopped_hint = ?, stopped_at = ?
                WHERE name = ?
                """,
                [
                    stop.receipt.errorCode, stop.receipt.targetCode, stop.receipt.errorMessage,
                    stop.receipt.errorHint, stop.time.rawValue, name,
                ])
        }
    }

    private static func store(
        _ counts: Statistics.Counts, _ key: CountKey, _ database: Database
    ) throws {
        try execute(
            database,
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
            [
                key.integration, key.minute, key.query?.rawValue ?? "", counts.successfulQueries,
                counts.failedQueries, counts.profiles, counts.rows,
            ])
    }

    private static func storeError(
        _ receipt: Receipt, at position: Position, time: Timestamp, _ database: Database
    ) throws {
        try execute(
            database,
            """
            INSERT INTO delivery_error (
                position, integration, segment_id, time, query, first_position, last_position,
                attempt, code, target_code, message, hint
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                Int64(position.rawValue), receipt.lane.integration,
                receipt.lane.segment.rawValue, time.rawValue, receipt.query?.rawValue,
                Int64(clamping: receipt.firstPosition.rawValue),
                Int64(clamping: receipt.lastPosition.rawValue),
                receipt.attempt, receipt.errorCode, receipt.targetCode, receipt.errorMessage,
                receipt.errorHint,
            ])
    }
}
