package import SegmentModel

/// The statements on `segledger_cursor` for targets that know `ON CONFLICT` and `RETURNING`, and
/// what those of other targets have in common with them: the columns and the parameters.
///
/// Invariants:
/// - every value is a bound parameter, given as text in the order of the placeholders;
/// - a position of nil is stored as -1;
/// - rows come back with the columns of `columns`, in that order.
package struct CursorSQL: Sendable {
    package static let columns = "ledger, epoch, position, profile_count, resync, queries"

    package let read: String
    /// Raises the epoch of the row or inserts it, and returns it: atomic as one statement.
    package let claim: String
    /// Affects one row if it still is the expected one.
    package let advance: String

    /// `placeholder` spells the n-th parameter, from 1.
    package init(placeholder: (Int) -> String) {
        let names = (1...12).map(placeholder)
        read = """
            SELECT \(Self.columns) FROM segledger_cursor
            WHERE integration = \(names[0]) AND segment_id = \(names[1])
            """
        claim = """
            INSERT INTO segledger_cursor (integration, segment_id, \(Self.columns))
            VALUES (\(names[0..<8].joined(separator: ", ")))
            ON CONFLICT (integration, segment_id)
            DO UPDATE SET epoch = segledger_cursor.epoch + 1
            RETURNING \(Self.columns)
            """
        advance = """
            UPDATE segledger_cursor
            SET ledger = \(names[0]), epoch = \(names[1]), position = \(names[2]),
                profile_count = \(names[3]), resync = \(names[4]), queries = \(names[5])
            WHERE integration = \(names[6]) AND segment_id = \(names[7])
                AND ledger = \(names[8]) AND epoch = \(names[9])
                AND position = \(names[10]) AND profile_count = \(names[11])
            """
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
        readParameters(lane) + values(expected).prefix(4)
    }

    private static func values(_ cursor: TargetCursor) -> [String] {
        [
            cursor.ledger,
            String(cursor.epoch),
            cursor.cursor.position.map { String($0.rawValue) } ?? "-1",
            String(cursor.cursor.profileCount),
            String(cursor.resync),
            String(cursor.queryCount),
        ]
    }

    /// - Throws: a permanent failure for a row that no version of Segledger writes.
    package static func cursor(fromRow row: [String?]) throws(TargetFailure) -> TargetCursor {
        let numbers = row.dropFirst().map { $0.flatMap { Int64($0) } }
        guard row.count == 6, let ledger = row[0], let epoch = numbers[0],
            let position = numbers[1], position >= -1, let profileCount = numbers[2],
            let resync = numbers[3], let queryCount = numbers[4]
        else {
            throw TargetFailure(
                class: .permanent, targetCode: "",
                message: "a row of segledger_cursor holds what Segledger does not write",
                hint: "look at the table segledger_cursor and repair or delete the row")
        }
        return TargetCursor(
            ledger: ledger, epoch: epoch,
            cursor: LaneCursor(
                position: position < 0 ? nil : Position(UInt64(position)),
                profileCount: Int(profileCount)),
            resync: resync, queryCount: queryCount)
    }
}
