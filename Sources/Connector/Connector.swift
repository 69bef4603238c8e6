package import SQLTemplate
package import SegmentModel

/// The port to an external database: one object for each named connector.
package protocol Connector: Sendable {
    var definition: ConnectorDefinition { get }

    /// How its server reads SQL, with the settings that the definition states.
    var dialect: SQLDialect { get }

    /// Opens a connection. A session belongs to one lane's worker at a time.
    ///
    /// - Throws: `TargetFailure`; transient if the target may come back.
    func connect() async throws -> any TargetSession
}

/// One connection to a target. Work runs on the session's own thread, or on the process's event
/// loops; nothing here blocks the caller's. Calls of one session do not overlap, but for a delivery
/// that `follows`; `cancel` may come at any time from anywhere.
package protocol TargetSession: AnyObject, Sendable {
    /// Makes sure that `segledger_cursor` is there (migrations/target/<dialect>) and can be used.
    func openCursors() async throws -> CursorSupport

    /// Starts a transaction. Where the target has none, what follows is committed as it runs.
    func begin() async throws

    /// Runs one rendered query (it may hold several statements) and returns the affected rows.
    /// Inside a transaction that failed, roll back before anything else.
    func execute(_ sql: [UInt8]) async throws -> Int

    /// Whether `executeOrUndo` can undo.
    var undoesQueries: Bool { get }

    /// Runs one rendered query inside a transaction. Where it fails the transaction is as it was
    /// before, if the session `undoesQueries`; else as after `execute`.
    func executeOrUndo(_ sql: [UInt8]) async throws -> Int

    /// Inside a transaction: what would else be checked at COMMIT is checked at each statement from
    /// here on, where the target has such checks.
    func checkConstraintsAtOnce() async throws

    /// Runs a query that returns rows; each value as text, nil for NULL. Used for `members`.
    func query(_ sql: [UInt8]) async throws -> [[String?]]

    /// Commits. A `TargetFailure` with `isOutcomeUnknown` means: read the cursor to learn it.
    func commit() async throws

    func rollback() async throws

    /// Reads a lane's row; nil if there is none.
    func readCursor(_ lane: LaneKey) async throws -> TargetCursor?

    /// Reads the rows of an integration's lanes with a segment above `segment` (nil: from the
    /// first), by segment, `CursorSQL.pageRowCount` at most.
    func readCursors(
        of integration: String, after segment: SegmentID?
    ) async throws -> [SegmentCursor]

    /// Takes the lane over: raises the epoch by one, inserting the row `initial` if there is none,
    /// and returns the row as it is now. Runs in a transaction of its own.
    func claimCursor(_ lane: LaneKey, initial: TargetCursor) async throws -> TargetCursor

    /// Reads the rows of some lanes, in their order, as `readCursor` does each.
    func readCursors(_ lanes: [LaneKey]) async throws -> [TargetCursor?]

    /// Takes several lanes over, as `claimCursor` does each, in one transaction where it can.
    func claimCursors(_ claims: [TargetClaim]) async throws -> [TargetCursor]

    /// Moves the row from `expected` to `next` if it still is `expected`; false: it is not, and
    /// nothing was changed. Inside the caller's transaction.
    func advanceCursor(_ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor)
        async throws -> Bool

    /// Whether `deliver` takes queries whose values stand beside their text. Can become false.
    var bindsValues: Bool { get }

    /// One delivery in one transaction and as few round trips as the client allows: begin, advance
    /// the cursor, run the queries, commit. Rolled back whole on any failure.
    func deliver(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult

    /// Whether `deliverTogether` takes the delivery.
    func shares(_ delivery: TargetDelivery) -> Bool

    /// Several lanes' deliveries in one transaction, each as `deliver` would do it: all or none.
    ///
    /// - Parameter deliveries: of different lanes, each of which the session `shares`.
    /// - Returns: the affected rows of each one's queries; nil: one of them was refused, or its row
    ///   was not as expected, and nothing was changed. Alone each says what became of it.
    /// - Throws: `TargetFailure`, if the connection is lost: `rowCounts` are those of one delivery
    ///   after the other.
    func deliverTogether(_ deliveries: [TargetDelivery]) async throws -> [[Int]]?

    /// Whether `deliver` takes a delivery that `follows` while the one before is under way.
    var queuesDeliveries: Bool { get }

    /// What the target does with what is written to these tables, for the grade.
    func gradeFacts(of tables: GradeFacts.Tables) async throws -> GradeFacts

    /// Aborts what is running, as soon as the target allows.
    func cancel()

    /// Closes the connection; an open transaction is rolled back.
    func close() async
}

/// What `segledger_cursor` does for deliveries over a session.
package enum CursorSupport: Hashable, Sendable {
    /// The row moves in the batch's own transaction.
    case transactional
    /// The target has no transactions: the row says who may write, and no more.
    case fenceOnly
    /// The table is missing and may not be created, or may not be written: the target's refusal.
    case refused(TargetFailure)
}

/// A lane's row in `segledger_cursor`: the lane's position in the target's own transaction
/// (INV-6), and the fence against a second worker.
package struct TargetCursor: Hashable, Sendable {
    /// `LedgerIdentity.ledger`.
    package var ledger: String
    package var epoch: Int64
    package var cursor: LaneCursor
    /// Position of the last `resync_requested` that was carried out here; -1 if none was.
    package var resync: Int64
    /// Queries of the operator that this lane has run successfully, ever.
    package var queryCount: Int64
    /// The ledger's, as it stood when the row was written (INV-12); nil: by a version that did not
    /// know it.
    package var fingerprint: Fingerprint?

    package init(
        ledger: String, epoch: Int64, cursor: LaneCursor, resync: Int64, queryCount: Int64,
        fingerprint: Fingerprint? = nil
    ) {
        self.ledger = ledger
        self.epoch = epoch
        self.cursor = cursor
        self.resync = resync
        self.queryCount = queryCount
        self.fingerprint = fingerprint
    }
}

/// A row of `segledger_cursor`, among those of one integration.
package struct SegmentCursor: Hashable, Sendable {
    package var segment: SegmentID
    package var cursor: TargetCursor

    package init(_ segment: SegmentID, _ cursor: TargetCursor) {
        self.segment = segment
        self.cursor = cursor
    }
}

/// A lane to take over.
package struct TargetClaim: Hashable, Sendable {
    package var lane: LaneKey
    /// Its row, if there is none.
    package var initial: TargetCursor

    package init(_ lane: LaneKey, initial: TargetCursor) {
        self.lane = lane
        self.initial = initial
    }
}

/// Rendered queries that become visible together with the cursor's move.
package struct TargetDelivery: Sendable {
    /// Of the lane's row.
    package struct Move: Hashable, Sendable {
        package var expected: TargetCursor
        package var next: TargetCursor

        package init(from expected: TargetCursor, to next: TargetCursor) {
            self.expected = expected
            self.next = next
        }
    }

    package var lane: LaneKey
    /// The same for every try of the same queries: what a target without transactions knows a
    /// repeated block by.
    package var id: String
    /// nil: no row is kept at this target.
    package var move: Move?
    package var queries: [TargetQuery]
    /// A query ends its transaction by itself, as DDL does on MySQL and Oracle: the queries run
    /// first, outside of one, and the row moves behind them.
    package var commitsByItself: Bool
    /// The queries are INSERT, REPLACE, UPDATE and DELETE only.
    package var writesOnlyRows = false
    /// The `id` of a delivery of the same lane that the session was given just before: this one
    /// begins only if that one is the last, and committed. At most one waits.
    package var follows: String?

    package init(
        lane: LaneKey, id: String, move: Move?, queries: [TargetQuery],
        commitsByItself: Bool = false
    ) {
        self.lane = lane
        self.id = id
        self.move = move
        self.queries = queries
        self.commitsByItself = commitsByItself
    }
}

/// A rendered query.
package enum TargetQuery: Sendable {
    /// Complete SQL; it may hold several statements.
    case text([UInt8])
    /// One statement and its values, for a session that `bindsValues`.
    case bound(BoundQuery)

    package var isBound: Bool {
        if case .bound = self { true } else { false }
    }
}

package enum TargetDeliveryResult: Hashable, Sendable {
    /// Committed; the affected rows of each query.
    case committed(rowCounts: [Int])
    /// The row was not `expected`: rolled back, nothing was changed.
    case fenced
    /// The target does not take the values of this query, by its place in the delivery, beside its
    /// text: rolled back, nothing was changed. The same query as text may pass.
    case unbindable(query: Int)
    /// The delivery that it follows is not the session's last, or not committed: it was not begun.
    case notBegun
}

extension TargetSession {
    /// All rows of an integration, whatever their number, by segment.
    package func readAllCursors(of integration: String) async throws -> [SegmentCursor] {
        var rows: [SegmentCursor] = []
        while true {
            var page = try await readCursors(of: integration, after: rows.last?.segment)
            // One text for all rows, instead of one for each.
            if let ledger = (rows.first ?? page.first)?.cursor.ledger {
                for index in page.indices where page[index].cursor.ledger == ledger {
                    page[index].cursor.ledger = ledger
                }
            }
            rows += page
            guard page.count == CursorSQL.pageRowCount else { return rows }
        }
    }

    package func readCursors(_ lanes: [LaneKey]) async throws -> [TargetCursor?] {
        var rows: [TargetCursor?] = []
        for lane in lanes { rows.append(try await readCursor(lane)) }
        return rows
    }

    package func shares(_ delivery: TargetDelivery) -> Bool { false }

    package func deliverTogether(_ deliveries: [TargetDelivery]) async throws -> [[Int]]? { nil }

    package func claimCursors(_ claims: [TargetClaim]) async throws -> [TargetCursor] {
        var rows: [TargetCursor] = []
        for claim in claims {
            rows.append(try await claimCursor(claim.lane, initial: claim.initial))
        }
        return rows
    }

    package var bindsValues: Bool { false }

    package var queuesDeliveries: Bool { false }

    package var undoesQueries: Bool { true }

    package func checkConstraintsAtOnce() async throws {}
}

/// Why a target did not do what it was asked.
package struct TargetFailure: Error, Hashable, Sendable {
    package enum Class: String, CaseIterable, Sendable {
        /// Connection, deadlock, timeout, a full target: try again later.
        case transient
        /// Syntax, missing table, rights: trying again will not help.
        case permanent
        /// The values of some row: the rest of the batch may pass.
        case values
        /// The statement met one key twice: the same rows pass in smaller batches.
        case repeatedKey
        /// The statement is larger than the target takes, by its bytes, values, rows or terms: the
        /// same rows pass in smaller batches, and so will those that come.
        case tooLarge

        /// Other rows, or fewer of them, may pass.
        package var isAboutRows: Bool {
            switch self {
            case .values, .repeatedKey, .tooLarge: true
            case .transient, .permanent: false
            }
        }
    }

    package var `class`: Class
    /// The target's own code: SQLSTATE, or SQLite's extended result code.
    package var targetCode: String
    /// One sentence without values (INV-10).
    package var message: String
    /// What the target said itself: not printed, but for what `told(in:)` takes out of it.
    package var report: TargetReport? {
        didSet { if report != nil { isTargetsWord = true } }
    }
    /// The target said it of the operator's query: with other rows it may say something else. Of
    /// what Segledger itself finds out about a query there is no doubt.
    package var isTargetsWord = false
    /// What to do to read the target's own words, as a request, where some were kept back.
    package var whereToRead: String?
    package var hint: String?
    /// What was under way may have taken effect, or not: the connection was lost while COMMIT ran,
    /// or, without transactions, while a query did.
    package var isOutcomeUnknown: Bool
    /// The session is of no more use.
    package var isConnectionLost: Bool
    /// It took the whole transaction back, and not only the query.
    package var isTransactionOver = false
    /// The target's user lacks the right to do this.
    package var isRightMissing: Bool
    /// Which of the delivery's queries failed, from 0, where that is known.
    package var query: Int?
    /// The rows that the delivery's queries affected, by query, where all ran and only the outcome
    /// of their commit is unknown.
    package var rowCounts: [Int]?

    package init(
        class: Class, targetCode: String, message: String, hint: String? = nil,
        isOutcomeUnknown: Bool = false, isConnectionLost: Bool = false,
        isRightMissing: Bool = false
    ) {
        self.class = `class`
        self.targetCode = targetCode
        self.message = message
        self.hint = hint
        self.isOutcomeUnknown = isOutcomeUnknown
        self.isConnectionLost = isConnectionLost
        self.isRightMissing = isRightMissing
    }

    /// The failure with as much of the target's own words as stands in the operator's (INV-10).
    package func told(in vocabulary: @autoclosure () -> QueryVocabulary) -> TargetFailure {
        guard let report else { return self }
        var failure = self
        failure.report = nil
        report.tell(&failure, vocabulary())
        return failure
    }
}
