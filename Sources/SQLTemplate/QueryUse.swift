package import SegmentModel

/// What a query is for, as far as that decides whether its SQL can be right.
package struct QueryUse: Hashable, Sendable {
    package var query: QueryKind
    package var batch: IntegrationDefinition.BatchMode
    /// The scope of its integration is a single segment: a query that names none reaches no other's
    /// rows.
    package var coversOneSegment: Bool

    package init(
        _ query: QueryKind, batch: IntegrationDefinition.BatchMode, coversOneSegment: Bool = false
    ) {
        self.query = query
        self.batch = batch
        self.coversOneSegment = coversOneSegment
    }
}

extension IntegrationDefinition {
    /// What one of its queries is for.
    package func use(of query: QueryKind) -> QueryUse {
        QueryUse(query, batch: batch, coversOneSegment: scope.isOneSegment)
    }
}

extension IntegrationDefinition.Scope {
    /// No more than one segment is ever in it.
    package var isOneSegment: Bool {
        if case .ids(let ids) = segments { ids.count == 1 } else { false }
    }
}
