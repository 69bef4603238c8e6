package import SegmentModel

/// A change that is set aside.
package struct ParkedRow: Hashable, Sendable {
    /// Of the event that set it aside.
    package var position: Position
    package var change: ParkedChange
    /// When it was set aside.
    package var time: Timestamp
    /// The event that says to try it; nil: it waits for the operator, or behind one that does.
    package var due: Position?

    package init(
        position: Position, change: ParkedChange, time: Timestamp, due: Position? = nil
    ) {
        self.position = position
        self.change = change
        self.time = time
        self.due = due
    }
}
