package import SegmentModel

/// Something that whoever watches a run is to hear of, once, when it happens.
package struct SyncNotice: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case started
        /// To be tried again in so many milliseconds.
        case failed(Failure, retryMilliseconds: Int)
        /// What had failed goes on.
        case recovered
        /// It needs somebody.
        case stopped(Failure)
    }

    package let integration: String
    package let kind: Kind
    /// nil: all of the integration's segments.
    package let segment: SegmentID?
    /// The query that failed, if it is known.
    package let query: QueryKind?

    init(
        _ integration: String, _ kind: Kind, segment: SegmentID? = nil, query: QueryKind? = nil
    ) {
        self.integration = integration
        self.kind = kind
        self.segment = segment
        self.query = query
    }
}
