package import SegmentModel

/// What an integration did in a span of time.
package struct Statistics: Hashable, Sendable {
    package struct Counts: Hashable, Sendable {
        /// Queries of the operator.
        package var successfulQueries = 0
        package var failedQueries = 0
        /// Profiles and rows of delivered batches.
        package var profiles = 0
        package var rows = 0

        package init() {}

        package mutating func add(_ other: Counts) {
            successfulQueries += other.successfulQueries
            failedQueries += other.failedQueries
            profiles += other.profiles
            rows += other.rows
        }
    }

    package struct Minute: Hashable, Sendable {
        /// The minute's beginning.
        package var start: Timestamp
        package var counts: Counts
    }

    package var total = Counts()
    /// Minutes in which something happened, ascending.
    package var minutes: [Minute] = []
    package var byQuery: [QueryKind: Counts] = [:]

    package init() {}

    /// Adds counts of one minute and query; minutes come in ascending order.
    mutating func add(_ counts: Counts, minute: Int64, query: QueryKind?) {
        total.add(counts)
        if let query {
            byQuery[query, default: Counts()].add(counts)
        }
        let start = Timestamp(rawValue: minute * 60_000_000)
        if minutes.last?.start != start {
            minutes.append(Minute(start: start, counts: Counts()))
        }
        minutes[minutes.count - 1].counts.add(counts)
    }
}
