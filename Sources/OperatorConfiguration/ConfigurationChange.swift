package import SegmentModel

/// What one `apply` changes: each object given replaces the one of its name, a nil definition
/// removes it, what is not named stays.
package struct ConfigurationChange: Sendable {
    package typealias Connector = (name: String, definition: ConnectorDefinition?)
    package typealias Integration = (name: String, definition: IntegrationDefinition?)

    package var connectors: [Connector]
    package var integrations: [Integration]
    /// Passwords that the file gave in plain, by connector. For the secrets file, never for the
    /// ledger (INV-10).
    package var storedSecrets: [String: String]

    package init(
        connectors: [Connector] = [], integrations: [Integration] = [],
        storedSecrets: [String: String] = [:]
    ) {
        self.connectors = connectors
        self.integrations = integrations
        self.storedSecrets = storedSecrets
    }

    package var isEmpty: Bool { connectors.isEmpty && integrations.isEmpty }
}
