/// A dialect that many readers share: its facts are too many to be copied for each text.
final class DialectReference: Sendable {
    let facts: SQLDialect

    init(_ dialect: SQLDialect) {
        facts = dialect
    }
}
