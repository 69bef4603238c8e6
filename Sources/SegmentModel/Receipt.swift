/// A lane: one integration and one segment. Order is kept inside, lanes run side by side.
package struct LaneKey: Hashable, Sendable {
    package let integration: String
    package let segment: SegmentID

    package init(integration: String, segment: SegmentID) {
        self.integration = integration
        self.segment = segment
    }
}

/// Where a lane stands: every event of its segment up to `position` is delivered, and
/// `profileCount` profiles of the segment's next event.
package struct LaneCursor: Hashable, Comparable, Sendable {
    /// nil: nothing is delivered yet.
    package var position: Position?
    package var profileCount: Int

    package init(position: Position?, profileCount: Int = 0) {
        self.position = position
        self.profileCount = profileCount
    }

    package static func < (left: LaneCursor, right: LaneCursor) -> Bool {
        if left.position == right.position { return left.profileCount < right.profileCount }
        guard let leftPosition = left.position else { return true }
        guard let rightPosition = right.position else { return false }
        return leftPosition < rightPosition
    }
}

/// The ledger event that records how a delivery went (`delivery_recorded`). Holds no profile value.
package struct Receipt: Hashable, Sendable {
    package enum Outcome: String, CaseIterable, Sendable {
        /// Committed by the target.
        case delivered
        /// Refused for now: it will be tried again.
        case failed
        /// Refused for good: the integration stops until it is resumed or changed.
        case stopped
    }

    package var lane: LaneKey
    /// nil: no query ran, only the cursor moved or the connection failed.
    package var query: QueryKind?
    package var outcome: Outcome
    /// First and last event of the batch.
    package var firstPosition: Position
    package var lastPosition: Position
    /// Where the lane stands after a `delivered`; where it stood for the other outcomes.
    package var cursor: LaneCursor
    package var epoch: Int64
    /// The ledger's fingerprint that the lane's row in the target was given with it, where it was.
    package var fingerprint: Fingerprint?
    /// Queries of the operator that the target executed successfully, and that failed.
    package var successfulQueryCount: Int
    package var failedQueryCount: Int
    package var profileCount: Int
    /// Rows that the target says were affected; nil where it was not told (a recovered receipt).
    package var rowCount: Int?
    /// Which try this was, from 1.
    package var attempt: Int
    package var durationMicroseconds: Int64
    /// Written after a restart from the target's cursor, because the first receipt was lost.
    package var isRecovered: Bool
    /// The resync that this delivery was part of.
    package var resync: Position?
    /// The `change_parked` event whose change this delivery was, tried again.
    package var parked: Position?
    /// SHA-256 of the query's template, in lower-case hex.
    package var templateSHA256: String?
    /// Failure's code, the target's own code (SQLSTATE), sentence and hint.
    package var errorCode: String?
    package var targetCode: String?
    package var errorMessage: String?
    package var errorHint: String?

    package init(
        lane: LaneKey, query: QueryKind?, outcome: Outcome, firstPosition: Position,
        lastPosition: Position, cursor: LaneCursor, epoch: Int64,
        fingerprint: Fingerprint? = nil, successfulQueryCount: Int = 0,
        failedQueryCount: Int = 0, profileCount: Int = 0, rowCount: Int? = nil, attempt: Int = 1,
        durationMicroseconds: Int64 = 0, isRecovered: Bool = false, resync: Position? = nil,
        parked: Position? = nil, templateSHA256: String? = nil, errorCode: String? = nil,
        targetCode: String? = nil,
        errorMessage: String? = nil, errorHint: String? = nil
    ) {
        self.lane = lane
        self.query = query
        self.outcome = outcome
        self.firstPosition = firstPosition
        self.lastPosition = lastPosition
        self.cursor = cursor
        self.epoch = epoch
        self.fingerprint = fingerprint
        self.successfulQueryCount = successfulQueryCount
        self.failedQueryCount = failedQueryCount
        self.profileCount = profileCount
        self.rowCount = rowCount
        self.attempt = attempt
        self.durationMicroseconds = durationMicroseconds
        self.isRecovered = isRecovered
        self.resync = resync
        self.parked = parked
        self.templateSHA256 = templateSHA256
        self.errorCode = errorCode
        self.targetCode = targetCode
        self.errorMessage = errorMessage
        self.errorHint = errorHint
    }
}

/// What `resync_requested` says: rebuild these segments of an integration at a pinned position.
package struct ResyncRequest: Hashable, Sendable {
    package enum Reason: String, CaseIterable, Sendable {
        /// "Start resync".
        case `operator`
        /// A segment entered the scope.
        case fill
    }

    package var integration: String
    /// Sorted.
    package var segments: [SegmentID]
    package var reason: Reason
    /// The membership after this position is what is written; nil: an empty ledger's.
    package var pin: Position?
    /// Where the lanes go on afterwards; nil: at the beginning.
    package var resume: Position?

    package init(
        integration: String, segments: [SegmentID], reason: Reason, pin: Position?,
        resume: Position?
    ) {
        self.integration = integration
        self.segments = segments
        self.reason = reason
        self.pin = pin
        self.resume = resume
    }
}

/// What `resync_finished` says.
package struct ResyncResult: Hashable, Sendable {
    package enum Outcome: String, CaseIterable, Sendable {
        case done, failed, cancelled
    }

    package var integration: String
    /// Position of the `resync_requested` event.
    package var request: Position
    package var outcome: Outcome
    /// The segments that ended so, sorted; nil: all of the request's that had not ended.
    package var segments: [SegmentID]?
    package var errorCode: String?
    package var errorMessage: String?

    package init(
        integration: String, request: Position, outcome: Outcome, segments: [SegmentID]? = nil,
        errorCode: String? = nil, errorMessage: String? = nil
    ) {
        self.integration = integration
        self.request = request
        self.outcome = outcome
        self.segments = segments
        self.errorCode = errorCode
        self.errorMessage = errorMessage
    }
}
