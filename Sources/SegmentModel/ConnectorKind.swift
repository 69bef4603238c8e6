/// A kind of external database, by the name that the configuration uses.
///
/// Which kinds there are is known to nobody but the composition root: each adapter says its own
/// (`ConnectorFactory`), and a ledger can name one that this build does not have.
package struct ConnectorKind: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    package init(stringLiteral value: String) { rawValue = value }
}
