package import SegmentModel

/// A step of the work, for progress lines.
package struct SyncProgress: Sendable {
    package enum Activity: String, Sendable {
        case delivery, resync
    }

    package var integration: String
    package var activity: Activity
    /// Changes delivered, or members of a rebuild that were put in place.
    package var done: Int
    /// nil: not known beforehand.
    package var total: Int?
    /// Of a rebuild: its request, the segments, the rows that the target says were affected, and
    /// how long the rest will take if it goes on as before; nil: nothing is done yet.
    package var request: Position?
    package var segments: (done: Int, total: Int) = (0, 0)
    package var rowCount = 0
    package var etaSeconds: Double?

    package init(integration: String, activity: Activity, done: Int, total: Int?) {
        self.integration = integration
        self.activity = activity
        self.done = done
        self.total = total
    }
}

/// How a run ended for one integration.
package struct IntegrationOutcome: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        case done
        /// Paused by the operator; nothing was sent.
        case paused
        /// The target refuses; the reason.
        case stopped(Failure)
        /// A rebuild failed for good, or lanes wait for one that did; the others are done.
        case failed(Failure)
        /// The target could not be reached for as long as the run was willing to wait.
        case unreached(Failure)
    }

    package var name: String
    package var state: State
    /// Changes delivered, and profiles that rebuilds put in place.
    package var deliveredProfileCount: Int
    /// What its failure is about.
    package var place = SyncPlace()
    /// What the rebuilds among it did.
    package var rebuilt = RebuildCounts()
    /// Changes that are set aside.
    package var parkedChangeCount: Int
    /// Paused: events wait for it.
    package var hasUndelivered = false

    package init(
        name: String, state: State, deliveredProfileCount: Int, parkedChangeCount: Int = 0
    ) {
        self.name = name
        self.state = state
        self.deliveredProfileCount = deliveredProfileCount
        self.parkedChangeCount = parkedChangeCount
    }
}

/// What rebuilds did.
package struct RebuildCounts: Hashable, Sendable {
    package var segmentCount = 0
    package var profileCount = 0
    package var rowCount = 0
    package var queryCount = 0

    package init() {}

    mutating func add(_ receipt: Receipt) {
        profileCount += receipt.profileCount
        rowCount += receipt.rowCount ?? 0
        queryCount += receipt.successfulQueryCount
    }

    mutating func add(_ other: RebuildCounts) {
        segmentCount += other.segmentCount
        profileCount += other.profileCount
        rowCount += other.rowCount
        queryCount += other.queryCount
    }
}
