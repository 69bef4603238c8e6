package import SegmentModel

/// A step of the work, for progress lines.
package struct SyncProgress: Hashable, Sendable {
    package enum Activity: String, Sendable {
        case delivery, resync
    }

    package var integration: String
    package var activity: Activity
    /// Changes delivered, or segments rebuilt.
    package var done: Int
    /// nil: not known beforehand.
    package var total: Int?

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
        /// The target could not be reached for as long as the run was willing to wait.
        case unreached(Failure)
    }

    package var name: String
    package var state: State
    /// Changes delivered, and profiles that rebuilds put in place.
    package var deliveredProfileCount: Int
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
