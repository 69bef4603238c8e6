package import SegmentModel

/// A delivery that failed. Holds no profile value (INV-10).
package struct DeliveryErrorRow: Hashable, Sendable {
    /// Of the receipt.
    package var position: Position
    package var lane: LaneKey
    package var time: Timestamp
    /// nil: no query ran.
    package var query: QueryKind?
    /// The first and the last event of the batch.
    package var firstPosition: Position
    package var lastPosition: Position
    /// From 1.
    package var attempt: Int
    package var code: String?
    /// The target's own code (SQLSTATE).
    package var targetCode: String?
    package var message: String?
    package var hint: String?
}
