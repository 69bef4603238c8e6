internal import Connector
internal import SQLTemplate
internal import SegmentModel

/// What ClickHouse wants to read: the statements on `segledger_cursor`, whose values are literals.
enum ClickHouseDialect {
    private static let dialect = SQLDialect.clickHouse()

    static let cursorMigrations = CursorMigrations(
        EmbeddedMigrations.files.map { ($0.name, $0.sql) })

    static let hasCursorTable = "EXISTS TABLE segledger_cursor"

    /// The name comes first in each row.
    static let cursorColumns = "DESCRIBE TABLE segledger_cursor"

    /// Needs the rights to read and to write, and changes nothing.
    static let tryCursorTable =
        "INSERT INTO segledger_cursor SELECT * FROM segledger_cursor WHERE 0"

    static func literal(_ text: String) -> String { dialect.literal(text) }

    private static func condition(_ lane: LaneKey) -> String {
        "integration = \(literal(lane.integration)) AND segment_id = \(lane.segment.rawValue)"
    }

    /// The newest row, if there is one.
    static func read(_ lane: LaneKey) -> String {
        """
        SELECT \(CursorSQL.columns), serial, claim FROM segledger_cursor
        WHERE \(condition(lane)) ORDER BY epoch DESC, serial DESC LIMIT 1
        """
    }

    /// A page of an integration's newest rows, by segment.
    static func readPage(_ integration: String, after segment: SegmentID?) -> String {
        let parameters = CursorSQL.pageParameters(integration, after: segment)
        return """
            \(CursorSQL.page)
            WHERE integration = \(literal(parameters[0])) AND segment_id >= \(parameters[1])
            ORDER BY segment_id, epoch DESC, serial DESC LIMIT 1 BY segment_id
            LIMIT \(CursorSQL.pageRowCount)
            """
    }

    /// How many others have claimed this epoch.
    static func otherClaims(_ lane: LaneKey, epoch: Int64, claim: String) -> String {
        """
        SELECT uniqExact(claim) FROM segledger_cursor
        WHERE \(condition(lane)) AND epoch = \(epoch) AND claim != \(literal(claim))
        """
    }

    static func append(_ rows: [(lane: LaneKey, row: CursorRow)]) -> String {
        let values = rows.map { lane, row in
            let fields = [
                literal(lane.integration), String(lane.segment.rawValue),
                literal(row.cursor.ledger), String(row.cursor.epoch),
                row.cursor.cursor.position.map { String($0.rawValue) } ?? "-1",
                String(row.cursor.cursor.profileCount), String(row.cursor.resync),
                String(row.cursor.queryCount), literal(CursorSQL.text(row.cursor.fingerprint)),
                String(row.serial), literal(row.claim),
            ]
            return "(" + fields.joined(separator: ", ") + ")"
        }
        return "INSERT INTO segledger_cursor (integration, segment_id, \(CursorSQL.columns), "
            + "serial, claim) VALUES " + values.joined(separator: ", ")
    }

    /// - Throws: a permanent failure for a row that no version of Segledger writes.
    static func row(_ fields: [String?]) throws(TargetFailure) -> CursorRow {
        let count = CursorSQL.columnCount
        let cursor = try CursorSQL.cursor(fromRow: Array(fields.prefix(count)))
        guard fields.count == count + 2, let serial = fields[count].flatMap({ UInt64($0) }),
            let claim = fields[count + 1]
        else { throw ClickHouseFailures.strangeCursorRow }
        return CursorRow(cursor: cursor, serial: serial, claim: claim)
    }

    /// Why a statement is not sent: it would mean something else than it says where each statement
    /// is a request of its own.
    static func refusal(of statement: ClickHouseStatement) -> TargetFailure? {
        switch (statement.verb, statement.second) {
        case ("BEGIN", _), ("COMMIT", _), ("ROLLBACK", _), ("START", "TRANSACTION"),
            ("SET", "TRANSACTION"):
            ClickHouseFailures.transactionControl
        case ("SET", _), ("USE", _): ClickHouseFailures.sessionControl
        case ("CREATE", "TEMPORARY"): ClickHouseFailures.temporaryTable
        default: nil
        }
    }
}

/// A row of `segledger_cursor` as ClickHouse keeps it.
struct CursorRow: Hashable, Sendable {
    var cursor: TargetCursor
    /// Counts the rows of a lane: the newest of an epoch has the highest.
    var serial: UInt64
    /// Names the claim that began the epoch.
    var claim: String
}
