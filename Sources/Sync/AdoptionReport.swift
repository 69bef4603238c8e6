package import SegmentModel

/// What `segledger integrations adopt` does, or would do.
package struct AdoptionReport: Hashable, Sendable {
    package struct Lane: Hashable, Sendable {
        package let segment: SegmentID
        /// Where the receipts have it.
        package let from: LaneCursor
        /// Where its row stands.
        package let to: LaneCursor
    }

    /// Lanes that go back to where their rows stand, by segment.
    package var adopted: [Lane] = []
    /// Segments that are rebuilt, because their rows do not say enough, sorted.
    package var rebuilt: [SegmentID] = []
    /// Lanes whose rows are as they were left.
    package var unchangedCount = 0
    /// Parked changes that were tried again since, and are again.
    package var redrivenCount = 0
}
