internal import Connector
internal import Projection
internal import SegmentModel

/// What is known of segments, by segment.
protocol SegmentLookup<Value> {
    associatedtype Value

    subscript(segment: SegmentID) -> Value? { get }

    /// Each once.
    var segments: [SegmentID] { get }
}

extension Dictionary: SegmentLookup where Key == SegmentID {
    var segments: [SegmentID] { Array(keys) }
}

/// Values of many segments in their order: a third of the room of a dictionary, whose slots are as
/// large as the values and partly empty.
struct SegmentMap<Value: Sendable>: SegmentLookup, Sendable {
    private let sorted: [Value]
    private let segment: @Sendable (Value) -> SegmentID

    /// - Precondition: the values stand in their segments' order, one for each.
    init(_ sorted: [Value], by segment: @escaping @Sendable (Value) -> SegmentID) {
        self.sorted = sorted
        self.segment = segment
    }

    var isEmpty: Bool { sorted.isEmpty }

    var segments: [SegmentID] { sorted.map(segment) }

    subscript(wanted: SegmentID) -> Value? {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if segment(sorted[middle]) < wanted { low = middle + 1 } else { high = middle }
        }
        guard low < sorted.count, segment(sorted[low]) == wanted else { return nil }
        return sorted[low]
    }
}

/// An integration's lanes, as the receipts have them.
typealias LaneMap = SegmentMap<LaneRow>

extension LaneMap {
    init(_ lanes: [LaneRow]) { self.init(lanes) { $0.key.segment } }
}

/// An integration's rows in the target.
struct CursorMap: SegmentLookup, Sendable {
    private let rows: SegmentMap<SegmentCursor>

    init(_ rows: [SegmentCursor]) { self.rows = SegmentMap(rows) { $0.segment } }

    var isEmpty: Bool { rows.isEmpty }

    var segments: [SegmentID] { rows.segments }

    subscript(segment: SegmentID) -> TargetCursor? { rows[segment]?.cursor }
}
