package import SegmentModel

/// The factories of a build as one, chosen by the definition's kind.
package struct ConnectorRegistry: ConnectorFactory {
    private let factories: [any ConnectorFactory]

    package init(_ factories: [any ConnectorFactory]) {
        self.factories = factories
    }

    package var kinds: [ConnectorKind] { factories.flatMap(\.kinds) }

    package func cursorTableSQL(for kind: ConnectorKind) -> String? {
        factories.first { $0.kinds.contains(kind) }?.cursorTableSQL(for: kind)
    }

    package func makeConnector(
        _ definition: ConnectorDefinition, secret: String?
    ) throws -> any Connector {
        guard let factory = factories.first(where: { $0.kinds.contains(definition.kind) }) else {
            throw Failure(
                .configurationInvalid,
                "connector \(definition.name) is of kind \(definition.kind.rawValue), which this "
                    + "build cannot reach",
                hint: "kinds of this build: \(kinds.map(\.rawValue).joined(separator: ", "))")
        }
        return try factory.makeConnector(definition, secret: secret)
    }
}
