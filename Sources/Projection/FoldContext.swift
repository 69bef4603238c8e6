internal import SegmentModel

/// What the writer keeps from one transaction to the next.
final class FoldContext: @unchecked Sendable {  // used only on GRDB's serial writer queue
    let decoder: SystemEventDecoder
    var memberships = MembershipCache()
    /// The checkpoint that `memberships` belong to; nil while a transaction changes them. Another
    /// one in the file means that a commit failed.
    var membershipsPosition: Position?

    init(decoder: SystemEventDecoder) {
        self.decoder = decoder
    }
}
