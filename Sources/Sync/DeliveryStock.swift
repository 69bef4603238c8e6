internal import SegmentModel
internal import Synchronization

/// Full deliveries of a lane that are built before they are asked for, some in one go: one change
/// of threads and one look at the projections serve all of them.
///
/// A delivery depends on the ledger, on the lane's state and on its terms only. What is kept is
/// given out for exactly these; asked for anything else, all is dropped.
final class DeliveryStock: Sendable {
    /// What else a delivery depends on.
    struct Terms: Hashable, Sendable {
        /// Profiles of one at most.
        var size: Int
        /// The kinds of events that go with values beside the text.
        var binds: Set<EventKind>

        /// How many are built in one go. Several large ones would let the target wait, and take
        /// room.
        var count: Int { size <= 2000 ? 3 : 1 }
    }

    private struct Kept {
        /// What the next one follows from.
        var state: LaneState
        var terms: Terms
        /// The next one last.
        var deliveries: [PreparedDelivery]
    }

    private let kept = Mutex<Kept?>(nil)

    var isEmpty: Bool { kept.withLock { $0 == nil } }

    func take(after state: LaneState, _ terms: Terms) -> PreparedDelivery? {
        kept.withLock { kept in
            guard var found = kept.take(), found.terms == terms,
                found.state.cursor == state.cursor, found.state.parked == state.parked,
                let delivery = found.deliveries.popLast()
            else { return nil }
            if !found.deliveries.isEmpty {
                found.state = delivery.after
                kept = found
            }
            return delivery
        }
    }

    /// - Parameter deliveries: the first follows from `state`, each other from the one before it.
    func put(
        _ deliveries: some Collection<PreparedDelivery>, after state: LaneState, _ terms: Terms
    ) {
        guard !deliveries.isEmpty else { return }
        kept.withLock {
            $0 = Kept(state: state, terms: terms, deliveries: deliveries.reversed())
        }
    }

    func drop() { kept.withLock { $0 = nil } }
}
