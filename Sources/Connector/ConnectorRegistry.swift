package import SQLTemplate
package import SegmentModel

/// The kinds of database that a build reaches: the only list of them.
///
/// Invariant: each kind is there once.
package struct ConnectorRegistry: Sendable {
    package let factories: [any ConnectorFactory]

    package init(_ factories: [any ConnectorFactory]) {
        let kinds = factories.map(\.kind)
        precondition(Set(kinds).count == kinds.count, "two adapters for one kind")
        self.factories = factories
    }

    package var kinds: [ConnectorKind] { factories.map(\.kind) }

    package var forms: [ConnectorForm] { factories.map(\.form) }

    /// nil: this build does not reach the kind.
    package func find(_ kind: ConnectorKind) -> (any ConnectorFactory)? {
        factories.first { $0.kind == kind }
    }

    /// - Throws: `configurationInvalid` for a kind that this build does not reach.
    package func factory(of kind: ConnectorKind) throws(Failure) -> any ConnectorFactory {
        if let factory = find(kind) { return factory }
        throw Failure(
            .configurationInvalid,
            "this build cannot reach databases of the kind \(kind.rawValue)",
            hint: "kinds of this build: \(kinds.map(\.rawValue).joined(separator: ", "))")
    }

    /// - Throws: `configurationInvalid` for a kind that this build does not reach.
    package func dialect(_ rules: SQLRules) throws(Failure) -> SQLDialect {
        try factory(of: rules.kind).dialect(for: rules.settings)
    }

    /// - Throws: `configurationInvalid` as the kind's factory, and for a kind that this build does
    ///   not reach.
    package func makeConnector(
        _ definition: ConnectorDefinition, secret: String?
    ) throws -> any Connector {
        try factory(of: definition.kind).makeConnector(definition, secret: secret)
    }
}
