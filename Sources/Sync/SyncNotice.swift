package import SegmentModel

/// Something that whoever watches a run is to hear of, once, when it happens.
package struct SyncNotice: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case started
        /// To be tried again in so many milliseconds.
        case failed(Failure, retryMilliseconds: Int)
        /// What had failed goes on.
        case recovered
        /// A rebuild failed for good; the integration goes on.
        case rebuildFailed(Failure)
        /// Rows of an earlier version were given the ledger's fingerprint.
        case marked(rowCount: Int)
        /// It needs somebody.
        case stopped(Failure)
    }

    package let integration: String
    package let kind: Kind
    /// nothing in it: it is about all of the integration's segments.
    package let place: SyncPlace

    init(_ integration: String, _ kind: Kind, at place: SyncPlace = SyncPlace()) {
        self.integration = integration
        self.kind = kind
        self.place = place
    }
}

/// What something is about, as far as that is known.
package struct SyncPlace: Hashable, Sendable {
    package var segment: SegmentID?
    package var query: QueryKind?
    /// What that query writes, as it names them.
    package var tables: [String] = []
}
