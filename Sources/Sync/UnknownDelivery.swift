internal import SegmentModel

/// A delivery whose commit was not answered. The target's cursor tells whether it took place, but
/// not how many rows it was; its queries had said that before.
struct UnknownDelivery: Sendable {
    /// The lane's cursor, if it took place.
    let cursor: LaneCursor
    /// Of the parked change that it tried again.
    var parked: Position?
    /// By query.
    let rowCounts: [Int]
}
