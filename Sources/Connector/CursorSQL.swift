package import SegmentModel

/// The statements on `segledger_cursor` for targets that know `ON CONFLICT` and `RETURNING`, and
/// what those of other targets have in common with them: the columns and the parameters.
///
/// Invariants:
/// - every value is a bound parameter, given as text in the order of the placeholders;
/// - a position of nil is stored as -1, a fingerprint of nil as `-`;
/// - rows come back with the columns of `columns`, in that order.
package struct CursorSQL: Sendable {
    package static let columns =
        "ledger, epoch, position, profile_count, resync, queries, fingerprint"
    package static let columnCount = 7
    /// Rows that `readPage` returns at most: an answer has to fit into memory (`AnswerLimits`).
    package static let pageRowCount = 16_384

    package let read: String
    /// `segment_id` and `columns` of an integration's rows, by segment, a page at a time.
    package let readPage: String
    /// Raises the epoch of the row or inserts it, and returns it: atomic as one statement.
    package let claim: String
    /// Affects one row if it still is the expected one.
    package let advance: String

    /// `placeholder` spells the n-th parameter, from 1.
    package init(placeholder: (Int) -> String) {
        let names = (1...14).map(placeholder)
        read = """
            SELECT \(Self.columns) FROM segledger_cursor
            WHERE integration = \(names[0]) AND segment_id = \(names[1])
            """
        readPage = """
            \(Self.page) WHERE integration = \(names[0]) AND segment_id >= \(names[1])
            ORDER BY segment_id LIMIT \(Self.pageRowCount)
            """
        claim = """
            INSERT INTO segledger_cursor (integration, segment_id, \(Self.columns))
            VALUES (\(names[0..<9].joined(separator: ", ")))
            ON CONFLICT (integration, segment_id)
            DO UPDATE SET epoch = segledger_cursor.epoch + 1
            RETURNING \(Self.columns)
            """
        advance = """
            UPDATE segledger_cursor
            SET ledger = \(names[0]), epoch = \(names[1]), position = \(names[2]),
                profile_count = \(names[3]), resync = \(names[4]), queries = \(names[5]),
                fingerprint = \(names[6])
            WHERE integration = \(names[7]) AND segment_id = \(names[8])
                AND ledger = \(names[9]) AND epoch = \(names[10])
                AND position = \(names[11]) AND profile_count = \(names[12])
                AND fingerprint = \(names[13])
            """
    }

    /// What every kind of target asks for a page of rows.
    package static let page = "SELECT segment_id, \(columns) FROM segledger_cursor"

    /// The integration, and the first segment that is wanted.
    package static func pageParameters(
        _ integration: String, after segment: SegmentID?
    ) -> [String] {
        let first = segment.map { $0.rawValue == .max ? $0.rawValue : $0.rawValue + 1 }
        return [integration, String(first ?? .min)]
    }

    /// - Throws: a permanent failure for a row that no version of Segledger writes.
    package static func cursors(
        fromPage rows: [[String?]], after segment: SegmentID?
    ) throws(TargetFailure) -> [SegmentCursor] {
        var found: [SegmentCursor] = []
        found.reserveCapacity(rows.count)
        for row in rows {
            guard let number = row.first.flatMap({ $0 }).flatMap({ Int64($0) }) else {
                throw strangeRow
            }
            // The highest number there is has no next one to begin at.
            if segment?.rawValue == number { continue }
            let cursor = try cursor(fromRow: Array(row.dropFirst()))
            found.append(SegmentCursor(SegmentID(number), cursor))
        }
        return found
    }

    package static func readParameters(_ lane: LaneKey) -> [String] {
        [lane.integration, String(lane.segment.rawValue)]
    }

    /// A new row starts one epoch after `initial`, as if it had been there and was taken over.
    package static func claimParameters(_ lane: LaneKey, initial: TargetCursor) -> [String] {
        var claimed = initial
        claimed.epoch += 1
        return readParameters(lane) + values(claimed)
    }

    package static func advanceParameters(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
    ) -> [String] {
        values(next) + expectedParameters(lane, expected)
    }

    /// Which row, and what it must hold to be the expected one.
    package static func expectedParameters(
        _ lane: LaneKey, _ expected: TargetCursor
    ) -> [String] {
        let values = values(expected)
        return readParameters(lane) + values.prefix(4) + [values[6]]
    }

    /// An empty text is NULL on Oracle.
    private static let noFingerprint = "-"

    package static func text(_ fingerprint: Fingerprint?) -> String {
        fingerprint?.text ?? noFingerprint
    }

    private static let strangeRow = TargetFailure(
        class: .permanent, targetCode: "",
        message: "a row of segledger_cursor holds what Segledger does not write",
        hint: "look at the table segledger_cursor and repair or delete the row")

    private static func values(_ cursor: TargetCursor) -> [String] {
        [
            cursor.ledger,
            String(cursor.epoch),
            cursor.cursor.position.map { String($0.rawValue) } ?? "-1",
            String(cursor.cursor.profileCount),
            String(cursor.resync),
            String(cursor.queryCount),
            text(cursor.fingerprint),
        ]
    }

    /// - Throws: a permanent failure for a row that no version of Segledger writes.
    package static func cursor(fromRow row: [String?]) throws(TargetFailure) -> TargetCursor {
        let numbers = row.dropFirst().map { $0.flatMap { Int64($0) } }
        guard row.count == columnCount, let ledger = row[0], let epoch = numbers[0],
            let position = numbers[1], position >= -1, let profileCount = numbers[2],
            let resync = numbers[3], let queryCount = numbers[4], let text = row[6]
        else { throw strangeRow }
        let fingerprint = Fingerprint(text)
        guard fingerprint != nil || text == noFingerprint else { throw strangeRow }
        return TargetCursor(
            ledger: ledger, epoch: epoch,
            cursor: LaneCursor(
                position: position < 0 ? nil : Position(UInt64(position)),
                profileCount: Int(profileCount)),
            resync: resync, queryCount: queryCount, fingerprint: fingerprint)
    }
}
