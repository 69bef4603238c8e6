package import SQLTemplate
package import SegmentModel

/// What a build knows of one kind of database: everything that is special to it stands in its
/// adapter's folder, behind this.
package protocol ConnectorFactory: Sendable {
    /// How a configuration writes connectors of the kind.
    var form: ConnectorForm { get }

    /// How a server reads SQL that is set as a connector states. Settings of other kinds mean
    /// nothing.
    func dialect(for settings: SQLSettings) -> SQLDialect

    /// What is asked of such a server about its tables.
    func catalog(for settings: SQLSettings) -> any TableCatalog

    /// What creates `segledger_cursor`, as a session does when it is missing: for whoever has the
    /// right to do it.
    var cursorTableSQL: String { get }

    /// The connector of a definition; `secret` is the resolved password, if there is one.
    ///
    /// - Throws: `Failure` (`configurationInvalid`) for a definition that makes no sense.
    func makeConnector(_ definition: ConnectorDefinition, secret: String?) throws -> any Connector
}

extension ConnectorFactory {
    package var kind: ConnectorKind { form.kind }
}
