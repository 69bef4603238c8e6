package import SegmentModel

/// The configuration as it stands after the changes so far.
package struct ConfigurationState: Hashable, Sendable {
    package private(set) var connectors: [String: ConnectorDefinition] = [:]
    package private(set) var integrations: [String: IntegrationDefinition] = [:]

    /// Positions of the events that named the connectors last.
    private var connectorPositions: [String: Position] = [:]

    package init() {}

    /// Takes over the change of the event at `position`.
    package mutating func apply(_ change: ConfigurationChange, at position: Position) {
        apply(change)
        for (name, definition) in change.connectors {
            connectorPositions[name] = definition == nil ? nil : position
        }
    }

    private mutating func apply(_ change: ConfigurationChange) {
        for (name, definition) in change.connectors { connectors[name] = definition }
        for (name, definition) in change.integrations { integrations[name] = definition }
    }

    /// The connectors whose password is in the data directory's file.
    package var storedSecretUses: SecretFile.Uses {
        connectors.reduce(into: [:]) { uses, connector in
            guard connector.value.secret == .stored else { return }
            uses[connector.key] = connectorPositions[connector.key]
        }
    }

    /// What `change` would break among the objects that it does not name: integrations whose
    /// connector goes or becomes another kind of database.
    package func faults(applying change: ConfigurationChange) -> [ConfigurationFault] {
        var after = self
        after.apply(change)
        let named = Set(change.integrations.map(\.name))
        var faults: [ConfigurationFault] = []
        for (name, integration) in after.integrations.sorted(by: { $0.key < $1.key })
        where !named.contains(name) {
            let path = "connectors.\(integration.connector)"
            guard let connector = after.connectors[integration.connector] else {
                faults.append(
                    ConfigurationFault(
                        path: path, rule: "integration \(name) still uses this connector",
                        hint: "remove or change integrations.\(name) in the same file"))
                continue
            }
            if let before = connectors[integration.connector], before.kind != connector.kind {
                faults.append(
                    ConfigurationFault(
                        path: "\(path).kind",
                        rule: "integration \(name) has queries for \(before.kind.rawValue)",
                        hint: "give integrations.\(name) in the same file, so that its queries "
                            + "are checked"))
            }
        }
        return faults
    }
}
