internal import SegmentModel
internal import Synchronization

/// A full delivery of a lane that was built together with the one before it: one change of threads
/// and one look at the projections serve both.
///
/// A delivery depends on the ledger, on the lane's state and on its terms only. What is kept is
/// given out for exactly these; asked for anything else, it is dropped.
final class SpareDelivery: Sendable {
    /// What else a delivery depends on.
    struct Terms: Hashable, Sendable {
        /// Profiles of one at most.
        var size: Int
        /// The kinds of events that go with values beside the text.
        var binds: Set<EventKind>

        /// Building two takes twice as long: the target does not wait for the second of two large
        /// ones.
        var allowSpare: Bool { size <= 2000 }
    }

    private let kept = Mutex<(state: LaneState, terms: Terms, delivery: PreparedDelivery)?>(nil)

    func take(after state: LaneState, _ terms: Terms) -> PreparedDelivery? {
        guard let found = kept.withLock({ $0.take() }), found.terms == terms,
            found.state.cursor == state.cursor, found.state.parked == state.parked
        else { return nil }
        return found.delivery
    }

    /// - Parameter delivery: follows from `state`.
    func put(_ delivery: PreparedDelivery, after state: LaneState, _ terms: Terms) {
        kept.withLock { $0 = (state, terms, delivery) }
    }

    func drop() { kept.withLock { $0 = nil } }
}
