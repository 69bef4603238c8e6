package import SegmentModel

/// Which events the log shows: those that every filter lets through.
package struct LogFilter: Hashable, Sendable {
    /// Of a position: it and what follows. Of a time: what follows the state just before it.
    package var from: Moment?
    /// The last state to show.
    package var to: Moment?
    /// nil: all.
    package var kinds: Set<EventKind>?
    package var segment: SegmentID?
    /// Events at most; nil: all.
    package var limit: Int?

    package init() {}
}
