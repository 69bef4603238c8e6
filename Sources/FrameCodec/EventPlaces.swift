internal import SegmentModel
internal import Synchronization

/// Where the events of each segment stand in a frame: made when it is first asked for, because most
/// frames are read from their first event to their last.
///
/// Invariant: once this is asked the frame's events stay as they are, but for others behind them.
final class EventPlaces: Sendable {
    private struct Sorted {
        var eventCount = 0
        /// Numbers of events that have a segment, by segment and then by number.
        var places: [UInt32] = []
    }

    private let kept = Mutex(Sorted())

    /// The first event of the segment from the event `index` on; nil: there is none.
    ///
    /// - Complexity: O(log events); the first call O(events · log events).
    func next(of segment: SegmentID, from index: Int, in events: [Frame.Event]) -> Int? {
        kept.withLock { kept in
            if kept.eventCount != events.count {
                kept = Sorted(eventCount: events.count, places: Self.sort(events))
            }
            let sorted = kept.places
            var (low, high) = (0, sorted.count)
            while low < high {
                let middle = (low + high) / 2
                let place = Int(sorted[middle])
                if (events[place].segment, place) < (segment, index) {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            guard low < sorted.count else { return nil }
            let place = Int(sorted[low])
            return events[place].segment == segment ? place : nil
        }
    }

    private static func sort(_ events: [Frame.Event]) -> [UInt32] {
        let places = events.indices.filter { events[$0].kind.hasSegment }.map { UInt32($0) }
        return places.sorted { left, right in
            (events[Int(left)].segment, left) < (events[Int(right)].segment, right)
        }
    }
}
