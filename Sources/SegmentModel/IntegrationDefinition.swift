/// An integration: which segments go through which queries to which connector.
package struct IntegrationDefinition: Hashable, Sendable {
    package enum Selection: Hashable, Sendable {
        case all
        case ids([SegmentID])
        case tags([String])
        case groups([String])
    }

    package struct Scope: Hashable, Sendable {
        package var databaseID: Int64
        package var segments: Selection

        package init(databaseID: Int64, segments: Selection) {
            self.databaseID = databaseID
            self.segments = segments
        }

        /// Whether a segment is in the scope. A segment that names no database is in database 1.
        package func contains(_ id: SegmentID, _ segment: SegmentDescription) -> Bool {
            guard (segment.databaseID ?? 1) == databaseID else { return false }
            return switch segments {
            case .all: true
            case .ids(let ids): ids.contains(id)
            case .tags(let tags): Self.meet(segment.tags, tags)
            case .groups(let groups): Self.meet(segment.groups, groups)
            }
        }

        /// Whether a label of both has the same bytes.
        private static func meet(_ labels: [String], _ wanted: [String]) -> Bool {
            labels.contains { label in wanted.contains { $0.isExactly(label) } }
        }
    }

    package enum BatchMode: Hashable, Sendable {
        /// One query for each profile.
        case individual
        /// One query for up to this many profiles.
        case batch(size: Int)
    }

    package enum Start: String, CaseIterable, Sendable {
        /// Segments start with a rebuild at the ledger's end.
        case fill
        /// Segments start with their first event: the history is replayed.
        case beginning
    }

    /// What becomes of a member's row when a field that only `add_profiles` reads changes. Where a
    /// field of the row's key changes the row follows in any case.
    package enum Updates: String, CaseIterable, Sendable {
        /// The member is added again.
        case follow
        /// The row stays as it was written.
        case ignore
    }

    /// Profiles of one query at most, unless the configuration says otherwise.
    package static let batchSizeStandard = 1000

    package var name: String
    package var description = ""
    /// Whether it delivers; nil: not stated, so that a pause or a resumption of the operator's
    /// stays as it is.
    package var isActive: Bool?
    package var scope: Scope
    package var connector: String
    package var batch: BatchMode = .batch(size: batchSizeStandard)
    package var batchTimeoutMilliseconds = 60_000
    /// Of several changes of a profile in one batch only the last is sent.
    package var isCoalesced = false
    package var queries: [QueryKind: String]
    /// The field that the `members` query returns.
    package var memberKey: String?
    package var start: Start = .fill
    package var updates: Updates = .follow

    package init(name: String, scope: Scope, connector: String, queries: [QueryKind: String]) {
        self.name = name
        self.scope = scope
        self.connector = connector
        self.queries = queries
    }
}
