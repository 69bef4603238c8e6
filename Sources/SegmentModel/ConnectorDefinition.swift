/// A named external database. Holds no secret: only where the secret is to be found.
package struct ConnectorDefinition: Hashable, Sendable {
    package enum Secret: Hashable, Sendable {
        case none
        /// The name of an environment variable.
        case environment(String)
        /// The path of a file whose first line is the secret.
        case file(String)
        /// Kept in the data directory's secrets file, mode 0600, under the connector's name.
        case stored
    }

    package enum TLSMode: String, CaseIterable, Sendable {
        /// The names and meanings are libpq's `sslmode`.
        case disable, prefer, require
        case verifyCA = "verify-ca"
        case verifyFull = "verify-full"
    }

    package var name: String
    package var kind: ConnectorKind
    /// Without credentials that are secret.
    package var url: String
    package var secret: Secret = .none
    package var tlsMode: TLSMode?
    /// Path of the certificate authority's file.
    package var tlsAuthorityFile: String?
    /// The operator lets the password be sent so that it can be learnt on the way.
    package var allowsCleartextPassword = false
    package var connectTimeoutMilliseconds = 10_000
    package var statementTimeoutMilliseconds = 60_000
    /// Connections at most, over all integrations of this connector.
    package var poolSize = 4
    /// How the server reads the queries.
    package var sqlSettings: SQLSettings = []

    package init(name: String, kind: ConnectorKind, url: String) {
        self.name = name
        self.kind = kind
        self.url = url
    }
}
